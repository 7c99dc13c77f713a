"""Folding: what two spellings of a text have in common, found in Python, alike on all databases."""

from __future__ import annotations

import re
import unicodedata

_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff]+")
_NO_WORD = re.compile(r"[^a-z0-9]+")


def fold(text: str) -> str:
    """Without case, in one Unicode form; accents stay, for they tell names apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def tidy(text: str) -> str:
    """One line of text: no control characters, single spaces, NFC; what enters mail headers."""
    return unicodedata.normalize("NFC", " ".join(_NO_TEXT.sub(" ", text).split()))


def slug(text: str, joint: str) -> str:
    """ASCII letters and digits joined by `joint`: how a heading or a title becomes a name."""
    # Ligatures have no decomposition: "cœur" would lose its œ.
    text = text.casefold().replace("œ", "oe").replace("æ", "ae")
    bare = unicodedata.normalize("NFKD", text)
    letters = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return _NO_WORD.sub(joint, letters).strip(joint)
