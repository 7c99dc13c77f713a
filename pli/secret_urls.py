"""Shows an address that may hold a password without it.

What is not certain to be harmless is hidden whole: people write passwords with / # ? and @ as they
are, and then no rule of URLs says where the password ends.
"""

from __future__ import annotations

import re

HIDDEN = "…"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}")
_USER = re.compile(r"[\w.%+-]{1,64}")
_PLACE = re.compile(r"(?:\[[0-9A-Fa-f:.]{1,64}\]|[\w.-]{1,255})(?::\d{1,5})?")
_DATABASE = re.compile(r"/?|/[\w-]{1,64}")
_PATH = re.compile(r"(?:/[\w.~-]{0,255}){0,20}")
_HARMLESS = frozenset(("tls", "ssl", "sslmode"))
_WORD = re.compile(r"[\w-]{1,32}")


def shown(url: str) -> str:
    """The address with its password, and whatever else may be secret, replaced by `HIDDEN`."""
    scheme, separator, rest = url.partition("://")
    if not url:
        return ""
    if not separator or not _SCHEME.fullmatch(scheme):
        return HIDDEN
    if scheme.partition("+")[0].lower() == "sqlite":
        return _of_a_file(url)
    before, at, after = rest.rpartition("@")
    place, question, query = after.partition("?")
    host, slash, path = place.partition("/")
    paths = _DATABASE if scheme.lower().startswith("postgres") else _PATH
    is_smtp = scheme.lower().startswith("smtp")
    if not _PLACE.fullmatch(host) or not paths.fullmatch(slash + path) or (is_smtp and path):
        return f"{scheme}://{HIDDEN}"
    asked = "&".join(_parameter(it) for it in query.split("&")) if question else ""
    return f"{scheme}://{_user(before)}{at}{place}{question}{asked}"


def holds_a_secret(url: str) -> bool:
    """Whether something of the address is hidden when it is shown."""
    return shown(url) != url


def _user(before: str) -> str:
    if not before:
        return ""
    user, colon, _ = before.partition(":")
    # Without a password, the name itself may be a token.
    return f"{user}:{HIDDEN}" if colon and _USER.fullmatch(user) else HIDDEN


def _parameter(text: str) -> str:
    name, equals, value = text.partition("=")
    if name.lower() in _HARMLESS and _WORD.fullmatch(value):
        return text
    return f"{name}{equals}{HIDDEN}" if _WORD.fullmatch(name) and equals else HIDDEN


def _of_a_file(url: str) -> str:
    # A path may hold any sign; only what stands behind ? is for the driver, and may be a key.
    file, question, query = url.partition("?")
    return file + question + "&".join(_parameter(it) for it in query.split("&") if question)
