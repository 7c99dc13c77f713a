"""Normalises texts in Python, so that both databases compare and keep them alike."""

from __future__ import annotations

import re
import unicodedata

_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff]+")
_UNSEEN = re.compile(
    r"[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+"
)
_SISTERS = str.maketrans(
    dict.fromkeys("’‘ʼ´`′＇", "'") | dict.fromkeys("‐‑‒–—−﹣－", "-") | {"\u00ad": ""}
)
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])\s?-\s?(?=[^\W\d_])")
_NO_WORD = re.compile(r"[^a-z0-9]+")


def fold(text: str) -> str:
    """A text without case, in NFC; accents stay, for they tell names apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def alike(text: str) -> str:
    """A text as people compare it: one apostrophe, one hyphen, which between letters is a space.

    Word processors turn ' into ’ and - into its longer sisters; Saint-Denis is Saint Denis.
    """
    text = fold(text)
    if text.isascii() and "-" not in text:
        return text
    return _BETWEEN_LETTERS.sub(" ", text.translate(_SISTERS))


def tidy(text: str) -> str:
    """A text as one line for mail headers: no control characters, single spaces, NFC."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # most cells of a file
    return unicodedata.normalize("NFC", " ".join(_NO_TEXT.sub(" ", text).split()))


def visible(text: str) -> str:
    """A text without marks that show nothing or turn its direction; joiners of letters stay."""
    return text if text.isascii() else _UNSEEN.sub("", text)


def bare(text: str) -> str:
    """A text without case and accents, to look for it."""
    # Ligatures have no decomposition: "cœur" would lose its œ.
    text = text.casefold().replace("œ", "oe").replace("æ", "ae")
    letters = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def slug(text: str, joint: str) -> str:
    """A name made of a heading or title: small ASCII letters and digits, joined by `joint`."""
    return _NO_WORD.sub(joint, bare(text)).strip(joint)
