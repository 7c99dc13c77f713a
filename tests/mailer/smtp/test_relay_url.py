"""Passwords in a relay's URL: taken as they are, or told how to be written; never misread."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.smtp import relay_url
from mailer.smtp.relay import Relay, RelayError

HOST = "relay.example.org"


def url(password: str, user: str = "me@comite.example") -> str:
    return f"smtp://{user}:{password}@{HOST}:587"


@pytest.mark.parametrize(
    ("password", "spelling"),
    [
        ("pa/ss", "/ → %2F"),
        ("pa#ss", "# → %23"),
        ("pa?ss", "? → %3F"),
        ("pa[ss", "[ → %5B"),
        ("pa]ss", "] → %5D"),
        ("pa%41ss", "% → %25"),
        ("50%ab1", "% → %25"),
        ("12#34", "# → %23"),
        ("12/34", "/ → %2F"),
        ("12?34", "? → %3F"),
        ("p@a/s#s", "/ → %2F, # → %23"),
        ("pa\tss", "… → %09"),
    ],
)
def test_the_exact_spelling_is_told_and_the_password_is_not(password: str, spelling: str) -> None:
    with pytest.raises(RelayError) as refused:
        Relay.parse(url(password))
    (line,) = refused.value.lines("en")
    assert spelling in line
    assert line.startswith("relay_url: ")
    assert password not in line
    with pytest.raises(RelayError, match=r"relays\.secours\.url"):
        Relay.parse(url(password), "secours")


@pytest.mark.parametrize(
    "password", ["p@ss", "p:ss", "pa%ss", "100%", "pa ss", "pa+ss", "passé", "a\\b", "p&=;,!$"]
)
def test_what_cannot_be_misread_is_taken(password: str) -> None:
    read = Relay.parse(url(password))
    assert (read.host, read.port, read.password) == (HOST, 587, password)


@given(
    password=st.text(st.characters(codec="utf-8"), min_size=1),
    user=st.text(st.characters(codec="utf-8"), min_size=1),
)
def test_a_password_that_is_asked_for_apart_comes_back_as_it_was(password: str, user: str) -> None:
    read = Relay.parse(relay_url.with_login(f"smtp://{HOST}:587", user, password))
    assert (read.host, read.username, read.password) == (HOST, user, password)


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_password_is_taken_as_it_is_or_told_how_to_be_written(password: str) -> None:
    written = url(password)
    if relay_url.misspelt(written) is None:
        try:
            read = Relay.parse(written)
        except RelayError:
            return
        assert (read.host, read.port) == (HOST, 587)


def test_a_password_is_seen_however_it_is_written() -> None:
    assert relay_url.has_password(url("12#34"))
    assert not relay_url.has_password(f"smtp://me@{HOST}")
    assert not relay_url.has_password("smtp://127.0.0.1:25?tls=none")
    assert relay_url.user_in(f"smtp://me%40here@{HOST}") == "me@here"
    assert relay_url.user_in(f"smtp://{HOST}") is None
