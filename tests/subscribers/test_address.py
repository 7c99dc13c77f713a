"""`Address.parse`, through which every raw address goes."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.address import Address, AddressError


@pytest.mark.parametrize(
    ("raw", "email", "folded"),
    [
        ("a@example.org", "a@example.org", "a@example.org"),
        ("  A.B@EXAMPLE.org\n", "A.B@example.org", "a.b@example.org"),
        ("\ufeffa@example.org\u00a0", "a@example.org", "a@example.org"),
        ("mailto:a@example.org?subject=Bonjour", "a@example.org", "a@example.org"),
        ("<a@example.org>", "a@example.org", "a@example.org"),
        ("Jeanne Exemple <a@example.org>", "a@example.org", "a@example.org"),
        ("a@exämple.org", "a@xn--exmple-cua.org", "a@xn--exmple-cua.org"),
        ("a@XN--exmple-cua.org", "a@xn--exmple-cua.org", "a@xn--exmple-cua.org"),
        ("e\u0301LISE@example.org", "éLISE@example.org", "élise@example.org"),
        *(
            (written, "a@example.org", "a@example.org")
            for written in (
                "a@example.org\u200d",
                "a@example.org\u2060",
                "\u202aa@example.org\u202c",
                "\u2068a@example.org\u2069",
                "\u00ad a@example.org\ufe0f",
                "\u061ca@example.org",
                "a@example.org.",
                "a@example.org,",
                "a@example.org ;",
                "a@example.org>",
                "<a@example.org",
                '"a@example.org"',
                "'a@example.org'",
                "« a@example.org »",
                "“a@example.org”",
                "a@example.org’",
                "Jeanne <a@example.org>",
                "<'a@example.org'>",
                "mailto:a@example.org\u200b",
                "\u200b<\u200ba@example.org\u200b>\u200b",
            )
        ),
        ("o'neil+pli@example.org", "o'neil+pli@example.org", "o'neil+pli@example.org"),
    ],
)
def test_an_address_is_read_as_people_paste_it(raw: str, email: str, folded: str) -> None:
    assert Address.parse(raw) == Address(email, folded)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "there is no address"),
        ("   ", "there is no address"),
        ("Dupont", "no @"),
        ("a@example.org\r\nBcc: b@example.org", "line break"),
        ("a\0b@example.org", "control character"),
        ("a@example.org; b@example.org", "several addresses"),
        ("a@example.org,b@example.org", "several addresses"),
        ("a@localhost", "no complete domain"),
        ("a@example", "no complete domain"),
        ("a@somewhere.test", "reserved"),
        ("a@somewhere.invalid", "reserved"),
        ("a@exam ple.org", "a space"),
        ("a..b@example.org", "before the @"),
        ('"a b"@example.org', "a space"),
        ("a@-example.org", "after|follows the @"),
        ("a@[127.0.0.1]", "follows the @"),
        ("@example.org", "before the @"),
        ("x" * 65 + "@example.org", "longer than 64 bytes"),
        ("é" * 33 + "@example.org", "longer than 64 bytes"),
        ("a@" + "long." * 60 + "org", "longer than 254 bytes"),
        ("\ud800@example.org", "control character"),
        ("a44\ufffd@example.org", r"lost \(U\+FFFD\)"),
        ("a1\u200b1@example.org", r"invisible character \(U\+200B\)"),
        ("a\u00ad5@example.org", r"invisible character \(U\+00AD\)"),
        ("a5@exam\u2060ple.org", r"invisible character \(U\+2060\)"),
        ("a5\u202e@example.org", r"invisible character \(U\+202E\)"),
        ("a5@example.org..", "follows the @"),
        ("a5@example.org;;", "follows the @|several"),
        ("a@example.org; b@example.org", "several"),
        ("a@b@example.org c@example.org", "several"),
        ("a@" + "," * 500 + "b", "longer than 254 bytes"),
        ("a" * 65 + "@example.org", "longer than 64 bytes"),
        (("é" * 300) + "@example.org", "longer than 64 bytes"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(raw: str, reason: str) -> None:
    with pytest.raises(AddressError, match=reason) as refused:
        Address.parse(raw)
    assert "\n" not in str(refused.value)


@given(st.text(max_size=90) | st.from_regex(r"[^@]{0,70}@[^@]{0,200}", fullmatch=True))
def test_whatever_comes_in_is_an_address_or_a_refusal(raw: str) -> None:
    try:
        address = Address.parse(raw)
    except AddressError:
        return
    local, _, domain = address.email.rpartition("@")
    assert domain.isascii()
    assert domain == domain.lower()
    assert len(local.encode()) <= 64
    assert len(address.email.encode()) <= 254
    assert not any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in local)
    again = Address.parse(address.email)
    assert again == address
    assert Address.parse(address.folded).folded == address.folded


@pytest.mark.parametrize(
    "sign", [",", ";", " ", "@", "a", "<", ">", '"', "\u200b", "é", ".", "a@", "@;"]
)
@pytest.mark.parametrize("begins", ["", "a@", "<", "mailto:"])
def test_a_cell_of_any_length_is_judged_at_once_and_told_in_short(begins: str, sign: str) -> None:
    begun = time.process_time()
    with pytest.raises(AddressError) as refused:
        Address.parse(begins + sign * 100_000)
    assert time.process_time() - begun < 0.2
    assert len(str(refused.value)) < 300
