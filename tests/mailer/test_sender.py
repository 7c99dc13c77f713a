from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.sender import Mailbox, parse_mailbox
from tests.factories import IDENTITY


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a@example.org", Mailbox("", "a@example.org")),
        ("Comité <a@example.org>", Mailbox("Comité", "a@example.org")),
        ('"Martin, Zoé" <a@example.org>', Mailbox("Martin, Zoé", "a@example.org")),
        ("a@comité.example.org", Mailbox("", "a@xn--comit-fsa.example.org")),
        ("<a@example.org>", Mailbox("", "a@example.org")),
        (' "A \\"B\\""  <a@example.org> ', Mailbox('A "B"', "a@example.org")),
        ("  A   B  < a@example.org >", Mailbox("A B", "a@example.org")),
    ],
)
def test_a_mailbox_is_read(text: str, read: Mailbox) -> None:
    assert parse_mailbox(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "personne",
        "a@b@c",
        "A <a@e.org>, B <b@e.org>",
        "a@e.org\nBcc: b@e.org",
        "A <>",
        " " * 1_200 + "<",
    ],
)
def test_what_is_no_mailbox_is_none(text: str) -> None:
    assert parse_mailbox(text) is None


def test_without_a_sender_the_committee_writes() -> None:
    assert (IDENTITY.from_name, IDENTITY.from_address) == (
        "Comité du Val-d'Orme",
        "comite@orme.example.org",
    )
    named = replace(IDENTITY, sender="Zoé <zoe@élus.example.org>")
    assert (named.from_name, named.domain) == ("Zoé", "xn--lus-9la.example.org")
