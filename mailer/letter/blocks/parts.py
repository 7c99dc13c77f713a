"""Finds the parts of a block in its element, and takes their words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from mailer.letter.blocks.kinds import Block, Event, Part
from mailer.letter.sanitising import BLOCK


@dataclass(frozen=True, slots=True)
class Parts:
    """What the elements of a tree are, by the blocks of a letter."""

    blocks: Mapping[str, Block]

    def block(self, element: Element) -> Block | None:
        """The block that an element is, or the part of one."""
        return self.blocks.get(element.get(BLOCK, ""))

    def find(self, element: Element, part: Part) -> Element | None:
        """The part of a block; None if the block has no such part."""
        return next((child for child in element if self.block(child) is part), None)

    def events(self, element: Element) -> Iterator[tuple[Element, Event]]:
        """The dates of an agenda."""
        for child in element:
            block = self.block(child)
            if isinstance(block, Event):
                yield child, block


def made(tag: str, text: str = "", *inside: Element, **attributes: str) -> Element:
    """An element around a text and elements; the attribute `class` is written `class_`."""
    element = Element(tag, {name.rstrip("_"): value for name, value in attributes.items()})
    element.text = text
    element.extend(inside)
    return element


def words_of(part: Element | None, tag: str = "span", **attributes: str) -> Element:
    """An element with the words of a part, which may hold elements; empty without a part."""
    element = made(tag, **attributes)
    if part is not None:
        element.text, element[:] = part.text, list(part)
    return element


def replaced(element: Element, *inside: Element) -> None:
    """Let an element hold nothing but these elements."""
    element.text = None
    element[:] = inside
