"""No spelling of an address shows its password."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pli.secret_urls import HIDDEN, holds_a_secret, shown

SECRET = "Secret9"


@pytest.mark.parametrize(
    "url",
    [
        f"smtp://u:{SECRET}@relay.example.org:587",
        f"smtp://u:Mot/{SECRET}#1@relay.example.org:587",
        f"smtp://u:Autre?{SECRET}@relay2.example.org",
        f"smtp://u:a@{SECRET}@relay.example.org",
        f"smtp://u:{SECRET}@",
        f"smtp://u:{SECRET}",
        f"smtp://u:x@y/{SECRET}",
        f"smtp://{SECRET}@relay.example.org",
        f"smtp://:{SECRET}@relay.example.org",
        f"smtp:u:{SECRET}@relay.example.org",
        f"u:{SECRET}@relay.example.org",
        f"smtp://u%40:{SECRET}@[::1]:25?tls=none",
        f"smtp://relay.example.org?password={SECRET}&tls=none",
        f"smtp://relay.example.org?{SECRET}",
        f"smtp://relay.example.org#{SECRET}",
        f"smtp://relay.example.org?tls={SECRET}@x",
        f"smtp:// u:{SECRET}@relay.example.org",
        f"postgresql+asyncpg://db.example.org/pli?user=pli&password={SECRET}",
        f"postgresql+asyncpg://db.example.org/pli?user=a@b&password={SECRET}",
        f"postgresql://u:{SECRET}@/pli?host=/run/postgresql",
        f"POSTGRESQL://u:{SECRET}@db/pli",
        f"postgresql://u:p@db/pli/{SECRET}",
        f"sqlite+aiosqlite:///pli.db?key={SECRET}",
        f"https://u:{SECRET}@lettres.example.org/ici",
        f"https://lettres.example.org/?token={SECRET}",
    ],
)
def test_no_spelling_shows_the_password(url: str) -> None:
    assert SECRET not in shown(url)
    assert HIDDEN in shown(url)
    assert holds_a_secret(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "smtp://relay.example.org:587",
        "smtp://127.0.0.1?tls=none",
        "smtps://[2001:db8::1]:465",
        "sqlite+aiosqlite:////srv/pli/un dossier @ nous/pli.db",
        "postgresql+asyncpg://db.example.org:5432/pli?ssl=require",
        "https://lettres.example.org/ici",
    ],
)
def test_what_is_harmless_is_shown(url: str) -> None:
    assert shown(url) == url
    assert not holds_a_secret(url)


def test_user_and_place_are_shown_beside_a_password() -> None:
    assert shown("smtp://moi:mot@127.0.0.1:25") == "smtp://moi:…@127.0.0.1:25"


@given(st.text("ab/#?@:[]%&= é\n", max_size=12), st.sampled_from(["smtp", "postgresql", "https"]))
def test_no_password_of_any_signs_is_shown(around: str, scheme: str) -> None:
    for url in (f"{scheme}://u:{around}{SECRET}{around}@h.example.org/x", f"{around}:{SECRET}@"):
        assert SECRET not in shown(url)
