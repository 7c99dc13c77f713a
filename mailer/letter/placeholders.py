"""Opaque words that stand for expressions and markup while other tools process the text."""

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
        """A new placeholder; none is the beginning of another."""
        placeholder = f"{self._stem}{self._taken}x"
        self._taken += 1
        return placeholder

    def parts(self, text: str) -> Iterator[tuple[str, bool]]:
        """Cut a text at its placeholders: each part, and whether the part is a placeholder."""
        for at, part in enumerate(re.split(f"({self._stem}[0-9]+x)", text)):
            if part:
                yield part, bool(at % 2)
