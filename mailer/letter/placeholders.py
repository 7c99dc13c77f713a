"""Opaque words that stand for something while tools which know nothing of it do their work."""

from __future__ import annotations

import re
from collections.abc import Iterator


class Placeholders:
    """Placeholders of ASCII letters and digits that occur in none of the given texts."""

    def __init__(self, *texts: str) -> None:
        self._stem = "xPli"
        while any(self._stem in text for text in texts):
            self._stem += "q"
        self._taken = 0

    def take(self) -> str:
        """A word not taken before; none is the beginning of another."""
        word = f"{self._stem}{self._taken}x"
        self._taken += 1
        return word

    def parts(self, text: str) -> Iterator[tuple[str, bool]]:
        """A text cut at its words: each part, and whether it is a word."""
        for at, part in enumerate(re.split(f"({self._stem}[0-9]+x)", text)):
            if part:
                yield part, bool(at % 2)
