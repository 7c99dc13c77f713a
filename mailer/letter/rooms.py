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


COLUMN = Room(narrow=232, wide=512)
"""In a window of 320 pixels without <style>; in one of 600, from which on words stay whole."""


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
    element: Element, parents: Mapping[Element, Element], taken: Mapping[Element, Taken]
) -> float:
    """The part of the column's width that an element has in a wide window: 1 without blocks."""
    around = [element]
    while around[-1] in parents:
        around.append(parents[around[-1]])
    room = COLUMN
    for it in reversed(around):
        room = taken[it].left(room) if it in taken else room
    return room.wide / COLUMN.wide
