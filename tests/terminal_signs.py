"""Signs that a terminal obeys, and a text from outside that holds some."""

from __future__ import annotations

import unicodedata

from pli.harmless import DIRECTIONS

OUTSIDE = "Titre \x9b31mROUGE\x1b[0m \u202egnp.exe\x07"


def obeyed(text: str) -> set[str]:
    """The signs of a text that a terminal obeys."""
    return {
        sign
        for sign in text
        if sign in DIRECTIONS or (unicodedata.category(sign) == "Cc" and sign not in "\t\n")
    }
