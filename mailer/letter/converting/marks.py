"""Words that stand for boxes and footnotes while a document passes through HTML.

They are placeholders: no document can hold one, so nothing in it is taken for one.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from mailer.letter.placeholders import Placeholders


class Mark(enum.Enum):
    """What a placeholder stands for. The ends stand alone in their paragraph."""

    BOX = "box"
    BOX_END = "end of a box"
    NOTE = "where the text refers to a footnote"
    NOTE_TEXT = "text of a footnote"
    NOTE_END = "end of a footnote"
    ITEM = "the number of a list's point"


@dataclass(slots=True)
class Marks:
    """The placeholders of a document: what each stands for; the number of a note or point."""

    placeholders: Placeholders
    meant: dict[str, tuple[Mark, int]] = field(default_factory=dict)

    def take(self, mark: Mark, number: int = 0) -> str:
        """A placeholder for a mark."""
        placeholder = self.placeholders.take()
        self.meant[placeholder] = mark, number
        return placeholder
