"""Which words of a person are a wish to leave, and what proves that the person wrote them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.bounces.mail import opened
from mailer.intake.authenticated import is_proven
from mailer.intake.wishes import sender_of, wants_to_leave
from tests.examples import examples
from tests.mailer.intake.coming_in import SERVER, written

ANNE = "anne@example.org"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("STOP", ""),
        ("stop !", "Merci de votre travail."),
        ("=?utf-8?q?D=C3=A9sabonnement?=", ""),
        ("Désabonnement", ""),
        ("Re: Lettre n° 294", "Désabonnement\n\n> Bonjour Anne,\n"),
        ("Re: Lettre n° 294", "\n\n  unsubscribe.\n"),
        ("Me désinscrire", ""),
        ("Demande de désabonnement", ""),
        ("Re: Lettre n° 294", "Merci de me désabonner.\nAnne"),
        ("Re: Lettre n° 294", "Je souhaite me désinscrire"),
        ("(sans objet)", "STOP\n-- \nAnne"),
    ],
)
def test_a_word_alone_is_a_wish_to_leave(subject: str, text: str) -> None:
    assert wants_to_leave(opened(written(ANNE, subject, text)))


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: STOP", "D’accord avec la lettre."),
        ("Stop à la guerre", "Bonjour"),
        ("Lettre n° 294", "Bonjour\n\nSTOP"),
        ("Lettre", "> STOP"[2:] + " à cela"),
        ("Lettre", "Je ne comprends pas ce « désabonnement »."),
        ("", ""),
    ],
)
def test_a_word_among_others_is_none(subject: str, text: str) -> None:
    assert not wants_to_leave(opened(written(ANNE, subject, text)))


@pytest.mark.parametrize(
    ("fields", "sender"),
    [
        ("From: Anne <anne@example.org>", ANNE),
        ("From: anne@example.org", ANNE),
        ('From: "bob@example.org" <anne@example.org>', ANNE),
        ("From: anne@example.org, bob@example.org", ""),
        ("From: A <anne@example.org>, B <bob@example.org>", ""),
        ("From: anne@example.org\nFrom: bob@example.org", ""),
        ("From: nobody", ""),
        ("Subject: x", ""),
    ],
)
def test_a_mail_of_one_sender_has_that_sender(fields: str, sender: str) -> None:
    assert sender_of(opened(f"{fields}\n\nx".encode())) == sender


@pytest.mark.parametrize(
    ("said", "proven"),
    [
        (f"{SERVER}; dkim=pass header.d=example.org", True),
        (f"{SERVER}; dmarc=pass (p=none dis=none) header.from=example.org", True),
        (f"{SERVER}; dmarc=pass (p=none dis=none) header.from=example.net", False),
        (f"{SERVER}; dmarc=fail (p=none dis=none) header.from=example.org", False),
        (f"{SERVER}; dmarc=pass smtp.mailfrom=example.org", False),
        (f"{SERVER} 1; spf=pass smtp.mailfrom=anne@example.org", True),
        (f"{SERVER}; spf=fail smtp.mailfrom=example.org; dkim=pass header.i=@example.org", True),
        (f"{SERVER.upper()}; dkim=pass (2048-bit; d=x) header.d=EXAMPLE.ORG", True),
        (f"{SERVER}; dkim=pass header.d=evil.example.net", False),
        (f"{SERVER}; dkim=fail header.d=example.org", False),
        (f"{SERVER}; dkim=pass header.d=org", False),
        (f"{SERVER}; dkim=none (dkim=pass header.d=example.org)", False),
        (f'{SERVER}; dkim=fail reason="; dkim=pass header.d=example.org"', False),
        (f"{SERVER}; auth=pass smtp.auth=example.org", False),
        (f"{SERVER}; none", False),
        ("evil.example.net; dkim=pass header.d=example.org", False),
        (f"evil.example.net ({SERVER}); dkim=pass header.d=example.org", False),
    ],
)
def test_only_the_receiving_server_proves_a_sender(said: str, proven: bool) -> None:
    mail = opened(f"Authentication-Results: {said}\nFrom: {ANNE}\n\nSTOP".encode())
    assert is_proven(mail, ANNE, SERVER) is proven
    assert not is_proven(mail, ANNE, "")


def test_of_two_results_in_the_name_of_the_server_the_upper_one_counts() -> None:
    upper = f"Authentication-Results: {SERVER}; dkim=fail header.d=example.org\n"
    forged = f"Authentication-Results: {SERVER}; dkim=pass header.d=example.org\n"
    assert not is_proven(opened(f"{upper}{forged}\nx".encode()), ANNE, SERVER)
    assert is_proven(opened(f"{forged}{upper}\nx".encode()), "anne@lists.example.org", SERVER)


@given(st.binary(max_size=400))
@settings(max_examples=examples(60))
def test_any_octets_are_judged_without_an_error(octets: bytes) -> None:
    mail = opened(b"Authentication-Results: " + octets + b"\nFrom: " + octets + b"\n\n" + octets)
    wants_to_leave(mail)
    is_proven(mail, sender_of(mail) or ANNE, SERVER)


def test_a_mail_of_five_thousand_received_lines_is_read_at_once() -> None:
    lines = b"Received: from a by b; Thu, 03 Dec 2026 09:00:05 +0100\n" * 5_000
    mail = opened(lines + written(ANNE, "STOP"))
    begun = time.perf_counter()
    assert not wants_to_leave(mail)  # its subject stands behind what is read of a header
    assert not is_proven(mail, ANNE, SERVER)
    assert time.perf_counter() - begun < 1
