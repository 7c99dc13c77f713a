"""Tells addresses that can be written, and that hardly any mailbox has."""

from __future__ import annotations

import unicodedata

from pli.language import N_, Sentence, say
from subscribers.address import Address

_QUOTES = "’‘ʼ´`′"
_LOOK_LIKE_LATIN = dict(
    zip("аеорсухіјѕԁһԛԝɡαοενικρυτχβ", "aeopcyxijsdhqwgaoevikputxb", strict=True)
)
"""Cyrillic and Greek letters that look like Latin ones, and a Latin letter for each."""


def doubt(address: Address) -> Sentence | None:
    """Why an address is surely mistyped, or refused by most servers; None if nothing seems wrong.

    Mail to such a mailbox needs SMTPUTF8 (RFC 6531) of each server on its way.
    """
    if address.email.isascii() and "xn--" not in address.email:
        return None
    local, _, domain = address.email.rpartition("@")
    shown = _as_written(domain)
    if _mixed(local):
        return _strange(local, "@" + domain)
    if any(map(_mixed, shown.split("."))):
        return _strange(shown, "", before=local + "@")
    if local.isascii():
        return None
    if any(it in local for it in _QUOTES):
        plain = local.translate(dict.fromkeys(map(ord, _QUOTES), "'"))
        return _unusual(next(it for it in local if it in _QUOTES), f"{_plain(plain)}@{domain}")
    if all(not it.isalpha() or _script(it) != "LATIN" for it in local):
        return None  # an address in another script, whole
    sign = next(it for it in local if not it.isascii())
    return _unusual(sign, f"{_plain(local)}@{domain}")


def _strange(text: str, after: str, *, before: str = "") -> Sentence:
    letter = next(it for it in text if it.isalpha() and _script(it) != "LATIN")
    meant = "".join(_LOOK_LIKE_LATIN.get(it, it) for it in text)
    return say(
        N_('doubtful: "{letter}" is a {script} letter among Latin ones: is {meant} meant?'),
        letter=letter,
        script=_script(letter).capitalize(),
        meant=before + meant + after,
    )


def _unusual(sign: str, meant: str) -> Sentence:
    return say(
        N_('doubtful: hardly any provider takes "{sign}" before the @: is {meant} meant?'),
        sign=sign,
        meant=meant,
    )


def _mixed(text: str) -> bool:
    scripts = {_script(it) for it in text if it.isalpha()}
    return "LATIN" in scripts and bool(scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]


def _plain(text: str) -> str:
    """A text without accents."""
    bare = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("æ", "ae"))
    return "".join(it for it in bare if not unicodedata.combining(it))


def _as_written(domain: str) -> str:
    """A domain of A-labels in letters."""
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain
