"""Gathers what stands between the marks of boxes and footnotes into blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from mailer.letter.blocks.kinds import Block, Box, Note, Notes, Part
from mailer.letter.converting.inline import words
from mailer.letter.converting.marks import Mark, Marks
from mailer.letter.sanitising import BLOCK, BLOCKS

_LONGEST_TITLE = 80


@dataclass(slots=True)
class Marking:
    """Makes blocks; `blocks` takes what each is."""

    marks: Marks
    blocks: dict[str, Block]

    def gathered(self, elements: Sequence[Element]) -> list[Element]:
        """The elements of a document with its boxes, and its footnotes at the end."""
        found: list[Element] = []
        notes: list[Element] = []
        open_: list[Element] = []
        number = 0
        for element in elements:
            mark, n = self._mark(element)
            if mark in (Mark.BOX, Mark.NOTE_TEXT):
                open_, number = [], n
            elif mark is Mark.BOX_END:
                found += self._box(open_)
                open_ = []
            elif mark is Mark.NOTE_END:
                notes += self._note(open_, number)
                open_ = []
            else:
                (open_ if self._within else found).append(element)
            self._within = mark in (Mark.BOX, Mark.NOTE_TEXT) or (mark is None and self._within)
        if notes:
            found.append(self._made(Notes(), notes))
        return found

    _within: bool = False

    def _mark(self, element: Element) -> tuple[Mark | None, int]:
        text = element.text or ""
        return (None, 0) if len(element) else self.marks.meant.get(text.strip(), (None, 0))

    def _made(self, block: Block, inside: Sequence[Element]) -> Element:
        placeholder = self.marks.placeholders.take()
        self.blocks[placeholder] = block
        made = Element("div", {BLOCK: placeholder})
        made.extend(inside)
        return made

    def _box(self, inside: list[Element]) -> list[Element]:
        """A box; its first line is its heading if it looks like one."""
        if not inside:
            return []
        first = inside[0]
        if len(inside) > 1 and _is_title(first):
            title = self._made(Part.TITLE, [])
            line = first[0] if first.tag == "p" else first
            title.text, title[:] = line.text, list(line)
            inside = [title, *inside[1:]]
        return [self._made(Box(), inside)]

    def _note(self, inside: list[Element], number: int) -> list[Element]:
        """A footnote; what could not begin one in Markdown begins with an empty paragraph."""
        return [self._made(Note(number), inside)] if inside else []


def _is_title(element: Element) -> bool:
    if element.tag in BLOCKS and element.tag.startswith("h") and element.tag != "hr":
        return True
    bold = len(element) == 1 and element[0].tag == "strong"
    bold = bold and not element.text and not element[0].tail and element.tag == "p"
    return bold and len(words(element)) <= _LONGEST_TITLE and element.find(".//br") is None
