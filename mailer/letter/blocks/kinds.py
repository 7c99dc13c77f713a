"""What the blocks of a letter are. Their words and pictures stand in the tree, all else here."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time


@dataclass(frozen=True, slots=True)
class Box:
    """A box around text, perhaps with a heading of its own."""


@dataclass(frozen=True, slots=True)
class Lead:
    """The introduction, set larger."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """A quotation, perhaps with its author."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, perhaps with a caption and a credit; `decorates` says that it shows nothing."""

    decorates: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """A link that looks like a button, on a line of its own."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Two columns, which fall into one where there is no room."""


@dataclass(frozen=True, slots=True)
class Column:
    """One of two columns."""


class Way(enum.Enum):
    """How one can vote."""

    FOR = "for"
    AGAINST = "against"
    ABSTENTION = "abstention"


@dataclass(frozen=True, slots=True)
class Votes:
    """What a vote came to: the number of votes for each way, in the author's order."""

    numbers: tuple[tuple[Way, int], ...]

    @property
    def total(self) -> int:
        """All votes together; at least 1."""
        return sum(number for _, number in self.numbers)


@dataclass(frozen=True, slots=True)
class Agenda:
    """Dates, in the author's order."""


@dataclass(frozen=True, slots=True)
class Event:
    """One date, by the clocks of the place; without `begins`, the whole day."""

    day: date
    begins: time | None = None
    ends: time | None = None


PORTRAIT = 96
"""The width of a signature's picture in pixels, if none is asked for."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signs: a name, perhaps a function and a picture."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The headings below it, without links: anchors do not work in mails."""


@dataclass(frozen=True, slots=True)
class Notes:
    """All footnotes, at the end of the letter."""


@dataclass(frozen=True, slots=True)
class Note:
    """One footnote among all."""

    number: int


@dataclass(frozen=True, slots=True)
class NoteMark:
    """Where the text refers to a footnote."""

    number: int


class Part(enum.Enum):
    """A part of a block whose words stand in the tree."""

    TITLE = "title"
    AUTHOR = "author"
    CAPTION = "caption"
    CREDIT = "credit"
    UNIT = "unit"
    WHAT = "what"
    PLACE = "place"
    NAME = "name"
    FUNCTION = "function"
    END = "end"
    """Stands at a block's end while the tree is grown: it shows what HTML broke."""


Block = (
    Box
    | Lead
    | Quotation
    | Figure
    | Button
    | Columns
    | Column
    | Votes
    | Agenda
    | Event
    | Signature
    | Contents
    | Notes
    | Note
    | NoteMark
    | Part
)


def of(blocks: Mapping[str, Block]) -> frozenset[str]:
    """The kinds among blocks, by their names in small letters, as style sheets ask for them."""
    return frozenset(type(it).__name__.lower() for it in blocks.values())
