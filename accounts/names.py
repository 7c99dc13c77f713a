"""Cleans the names that people give to themselves, to passkeys and to browsers."""

from __future__ import annotations

import unicodedata

LONGEST = 200

_JOINERS = "\u200c\u200d"
_UNSEEN = _JOINERS + " \u115f\u1160\u2800\u3164\uffa0"
"""Joiners, the fillers of Hangul, which are letters for Unicode, and the empty Braille pattern."""


def tidy(raw: str, longest: int = LONGEST) -> str:
    """A name as one line in NFC: nothing that is unseen or turns the writing, single spaces.

    Empty, if nothing of the name is seen.
    """
    begun = raw[: 10 * longest]
    shown = "".join(" " if it.isspace() else it for it in begun if it.isspace() or _shows(it))
    name = unicodedata.normalize("NFC", " ".join(shown.split()))[:longest].strip()
    return name if any(it not in _UNSEEN for it in name) else ""


def _shows(letter: str) -> bool:
    """Whether a character is neither a control nor a format sign, a surrogate, nor unassigned.

    The joiners of Indic and Persian letters are format signs that names need.
    """
    return letter in _JOINERS or unicodedata.category(letter)[0] != "C"
