"""User and password in a relay's URL: signs that must be written otherwise, and how."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit, urlunsplit

_DIVIDES = "/#?[]"
"""These end the part before the host: what stands behind them is taken for something else."""
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_PLAIN = re.compile(rb"[A-Za-z0-9._~-]")
"""Nobody writes these with a percent sign: a password with %41 in it means these three signs."""


def misspelt(url: str) -> str | None:
    """How to write the signs that user and password may not have as they are: "/ → %2F, # → %23".

    None: they can be read. The password itself is not told.
    """
    credentials = _credentials(url)
    if credentials is None:
        return None
    signs = [it for it in dict.fromkeys(credentials) if it in _DIVIDES or not it.isprintable()]
    if any(_is_meant_as_it_stands(it) for it in _ESCAPE.findall(credentials)) or (
        "%" in credentials and not _is_utf8(credentials)
    ):
        signs.append("%")
    if not signs:
        return None
    return ", ".join(f"{it if it.isprintable() else '…'} → {quote(it, safe='')}" for it in signs)


def with_login(url: str, user: str, password: str) -> str:
    """A relay's URL with a user and a password, each spelt as a URL wants it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{host}"))


def user_in(url: str) -> str | None:
    """The user in a relay's URL; None: there is none."""
    credentials = _credentials(url)
    return unquote(credentials.partition(":")[0]) or None if credentials else None


def has_password(url: str) -> bool:
    """Whether a password stands in a URL, however it is written."""
    credentials = _credentials(url)
    return credentials is not None and ":" in credentials


def _credentials(url: str) -> str | None:
    """What stands between the scheme and the last @; None: there is none."""
    rest = url.partition("://")[2]
    before, at, _host = rest.rpartition("@")
    return before if at else None


def _is_meant_as_it_stands(escape: str) -> bool:
    return _PLAIN.fullmatch(unquote_to_bytes(escape)) is not None


def _is_utf8(text: str) -> bool:
    try:
        unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return False
    return True
