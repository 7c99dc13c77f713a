"""Cleans the names that people give to themselves, to passkeys and to browsers."""

from __future__ import annotations

import unicodedata

LONGEST = 200


def tidy(raw: str, longest: int = LONGEST) -> str:
    """A name as one line in NFC: nothing that is unseen or turns the writing, single spaces."""
    begun = raw[: 10 * longest]
    shown = "".join(" " if it.isspace() else it for it in begun if it.isspace() or _shows(it))
    return unicodedata.normalize("NFC", " ".join(shown.split()))[:longest].strip()


def _shows(letter: str) -> bool:
    """Whether a character is neither a control nor a format sign, a surrogate, nor unassigned.

    The joiners of Indic and Persian letters are format signs that names need.
    """
    return letter in "\u200c\u200d" or unicodedata.category(letter)[0] != "C"
