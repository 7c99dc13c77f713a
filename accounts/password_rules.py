"""Which passwords are too easy to guess: what is pressed in a row, years, repetitions, names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

from pli.language import N_, Sentence, say

SHORTEST = 12
LONGEST = 1_000
"""In characters, after NFKC. Longer texts are no passwords, and nobody looks at them."""
BESIDE_NAMES = 8
"""So many letters and digits must be left when the names are taken out."""
SHORTEST_NAME = 3

_IN_A_ROW = 5
_DIGITS_IN_A_ROW = 4
_ROWS = (
    "azertyuiop",
    "qsdfghjklm",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "&é\"'(-è_çà)=",
    "!@#$%^&*()_+",
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_REPEATED = re.compile(r"(.{1,100}?)\1{3}", re.DOTALL)
_NAME = re.compile(r"[^\W_]+")


def normalised(password: str) -> str:
    """A password in NFKC, so that each keyboard writes it alike (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def faults(password: str, *, names: Collection[str]) -> list[Sentence]:
    """Everything that speaks against a password; `names` are its person's and the committee's.

    The length is judged first: nothing else is asked of a text that is far too long.
    """
    if len(password) > LONGEST or len(text := normalised(password)) > LONGEST:
        return [say(N_("the password has more than {n} characters"), n=LONGEST)]
    found = []
    if len(text) < SHORTEST:
        found.append(
            say(N_("the password has fewer than {n} characters: four words are better"), n=SHORTEST)
        )
    folded = text.casefold()
    if row := next(_rows_in(folded), None):
        found.append(say(N_('"{part}" is a row of keys: anybody tries that'), part=row))
    if year := _YEAR.search(text):
        found.append(say(N_('"{part}" is a year: anybody tries that'), part=year[0]))
    if _repeats(folded):
        found.append(say(N_("the password repeats itself")))
    if _is_of_names(folded, names):
        found.append(say(N_("the password is hardly more than a name")))
    return found


def _rows_in(text: str) -> Iterator[str]:
    """Each piece of a text whose keys lie side by side, in either direction."""
    for row in _ROWS:
        for keys in (row, row[::-1]):
            for at in range(len(keys) - _IN_A_ROW + 1):
                if keys[at : at + _IN_A_ROW] in text:
                    yield keys[at : at + _IN_A_ROW]
    for keys in ("01234567890", "09876543210"):
        for at in range(len(keys) - _DIGITS_IN_A_ROW + 1):
            if keys[at : at + _DIGITS_IN_A_ROW] in text:
                yield keys[at : at + _DIGITS_IN_A_ROW]


def _repeats(text: str) -> bool:
    """Whether a text is one part again and again, or has a part four times in a row."""
    # A text that is made of a part repeated is found in itself, shifted by the part's length.
    return (len(text) > 1 and text in (text + text)[1:-1]) or _REPEATED.search(text) is not None


def _is_of_names(text: str, names: Collection[str]) -> bool:
    left = _bare(text)
    parts = {it for name in names for it in _NAME.findall(_bare(name)) if len(it) >= SHORTEST_NAME}
    whole = {"".join(_NAME.findall(_bare(name))) for name in names}
    named = {it for it in parts | whole if len(it) >= SHORTEST_NAME}
    if not any(it in left for it in named):
        return False
    for part in sorted(named, key=len, reverse=True):
        left = left.replace(part, " ")
    return sum(it.isalnum() for it in left) < BESIDE_NAMES


def _bare(text: str) -> str:
    """A text without accents and case: people leave accents out when they type a password."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(it for it in apart if not unicodedata.combining(it))
