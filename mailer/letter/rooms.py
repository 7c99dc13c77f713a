"""How much width a text has: in the letter's column, and in a block within it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element


@dataclass(frozen=True, slots=True)
class Room:
    """The width of a text in a `narrow` and in a `wide` window, in pixels."""

    narrow: float
    wide: float


_NARROW = 280
"""In a window of 320 pixels, with 20 on either side."""
_WIDE = 512
"""In a window of 600 pixels, from which on words stay whole, with 44 on either side."""


def of(column: int) -> Room:
    """The width of a letter's text, whose column is so many pixels wide."""
    return Room(narrow=_NARROW, wide=min(column, _WIDE))


@dataclass(frozen=True, slots=True)
class Taken:
    """What a block takes of the width of what stands in it: in pixels, behind perhaps halving it.

    Halves are beside each other in a wide window only.
    """

    narrow: int = 0
    wide: int = 0
    halves: bool = False

    def left(self, room: Room) -> Room:
        """What is left of a width."""
        wide = room.wide / 2 if self.halves else room.wide
        return Room(room.narrow - self.narrow, wide - self.wide)


def share(
    element: Element,
    column: int,
    parents: Mapping[Element, Element],
    taken: Mapping[Element, Taken],
) -> int:
    """The pixels of a column that an element in it has in a wide window."""
    around = [element]
    while around[-1] in parents:
        around.append(parents[around[-1]])
    room = Room(column, column)
    for it in reversed(around):
        room = taken[it].left(room) if it in taken else room
    return int(room.wide)
