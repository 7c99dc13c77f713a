"""Opaque words that stand for expressions and markup while other tools process the text."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterator

_SIGNS = string.ascii_lowercase + string.digits
_LENGTH = 10
"""36^10 stems: an author who writes whole letters of guesses meets none."""


class Placeholders:
    """Placeholders of small ASCII letters and digits that no author can know.

    The stem is drawn for each pressing. An author who knew it could write a placeholder of ours
    with entities (`&#120;…`), and so bring a reader's own unsubscribe address to another site.
    """

    def __init__(self, *texts: str) -> None:
        self._stem = _drawn()
        while any(self._stem in text for text in texts):
            self._stem = _drawn()
        self._taken = 0
        self._pattern = re.compile(f"({self._stem}[0-9]+x)")

    def take(self) -> str:
        """A new placeholder; none is the beginning of another."""
        placeholder = f"{self._stem}{self._taken}x"
        self._taken += 1
        return placeholder

    def within(self, text: str) -> list[str]:
        """The placeholders of a text, in order; also those that were never taken."""
        return self._pattern.findall(text) if self._stem in text else []

    def parts(self, text: str) -> Iterator[tuple[str, bool]]:
        """Cut a text at its placeholders: each part, and whether the part is a placeholder."""
        for at, part in enumerate(self._pattern.split(text)):
            if part:
                yield part, bool(at % 2)


def _drawn() -> str:
    # A letter before and after the drawn signs keeps the stem from looking like a number.
    return "x" + "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH)) + "z"
