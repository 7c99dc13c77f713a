"""The names of blocks and of what stands in them, in French and in English."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Collection, Mapping

BLOCKS: Mapping[str, tuple[str, ...]] = {
    "box": ("encadre", "box"),
    "lead": ("chapeau", "lead"),
    "quote": ("citation", "quote"),
    "image": ("image", "picture"),
    "button": ("bouton", "button"),
    "columns": ("colonnes", "columns"),
    "column": ("colonne", "column"),
    "votes": ("votes", "vote"),
    "agenda": ("agenda", "dates"),
    "signature": ("signature",),
    "contents": ("sommaire", "contents"),
}
"""Each block with its names, the French ones first; accents and capitals make no difference."""

IMAGE_KEYS: Mapping[str, tuple[str, ...]] = {
    "alt": ("alt",),
    "caption": ("caption", "legende"),
    "credit": ("credit",),
    "width": ("width", "largeur"),
}
VOTE_KEYS: Mapping[str, tuple[str, ...]] = {
    "for": ("pour", "for", "yes", "oui"),
    "against": ("contre", "against", "no", "non"),
    "abstention": ("abstention", "abstentions"),
    "unit": ("unite", "unit"),
}
SIGNATURE_KEYS: Mapping[str, tuple[str, ...]] = {
    "name": ("nom", "name"),
    "function": ("fonction", "function"),
    "picture": ("image", "picture", "photo"),
    "alt": ("alt",),
    "width": ("largeur", "width"),
}


def plain(name: str) -> str:
    """A name without accents and in small letters, as the tables have it."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return "".join(it for it in letters if not unicodedata.combining(it))


def found(name: str, names: Mapping[str, tuple[str, ...]]) -> str | None:
    """What a name means by a table; None if it is not known."""
    written = plain(name)
    return next((meaning for meaning, several in names.items() if written in several), None)


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that the author probably meant."""
    near = difflib.get_close_matches(plain(name)[:40], known, 1, 0.6)
    return near[0] if near else None


def every(names: Mapping[str, tuple[str, ...]]) -> list[str]:
    """All names of a table, in its order."""
    return [name for several in names.values() for name in several]
