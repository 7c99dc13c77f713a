"""Writes the blocks of a tree as elements that plain text has signs for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from mailer.letter.blocks import words
from mailer.letter.blocks.kinds import (
    Agenda,
    Block,
    Box,
    Contents,
    Event,
    Figure,
    Note,
    Notes,
    Part,
    Quotation,
    Signature,
    Votes,
)
from mailer.letter.blocks.parts import Parts, made, replaced, words_of

BOXED = "aside"
"""The element of what stands in a box; no author's HTML has it."""


def expanded(tree: Element, blocks: Mapping[str, Block], language: str) -> Element:
    """A tree in which blocks are ordinary elements; the same tree if there are no blocks."""
    if not blocks:
        return tree
    tree = deepcopy(tree)
    writer = _Writer(Parts(blocks), language)
    for element in list(tree.iter()):
        writer.write(element)
    return tree


@dataclass(frozen=True, slots=True)
class _Writer:
    parts: Parts
    language: str

    def write(self, element: Element) -> None:
        match self.parts.block(element):
            case Box():
                element.tag = BOXED
            case Quotation():
                _dash(self.parts.find(element, Part.AUTHOR))
            case Figure():
                self._lines(element, Part.CAPTION, Part.CREDIT)
            case Votes() as votes:
                self._votes(element, votes)
            case Agenda():
                self._agenda(element)
            case Signature():
                self._lines(element, Part.NAME, Part.FUNCTION)
            case Contents():
                self._title(element, words.CONTENTS)
            case Notes():
                element.insert(0, made("p", words.told(words.NOTES, self.language)))
            case Note(number=number):
                _mark(element, f"[{number}] ")

    def _votes(self, element: Element, votes: Votes) -> None:
        """The whole vote in one sentence."""
        title = words_of(self.parts.find(element, Part.TITLE))
        if not len(title) and not title.text:
            title.text = words.told(words.VOTES, self.language)
        unit = self.parts.find(element, Part.UNIT)
        numbers = (
            f"{words.way(way, self.language).lower()} {words.number(number, self.language)}"
            for way, number in votes.numbers
        )
        # A unit is a word; what an author put around it has no sign in a text.
        title.tail = words.results(
            ", ".join(numbers),
            words.number(votes.total, self.language),
            "".join(unit.itertext()) if unit is not None else words.told(words.UNIT, self.language),
            self.language,
        )
        replaced(element, made("p", "", title))

    def _agenda(self, element: Element) -> None:
        self._title(element, words.AGENDA)
        title, *_ = element
        items = (self._event(child, event) for child, event in self.parts.events(element))
        replaced(element, title, made("ul", "", *items))

    def _event(self, element: Element, event: Event) -> Element:
        when = ", ".join(it for it in (words.day(event, self.language), words.hours(event)) if it)
        what = words_of(self.parts.find(element, Part.WHAT))
        item = made("li", f"{when} – ", what)
        place = self.parts.find(element, Part.PLACE)
        if place is not None:
            what.tail = ", "
            item.append(words_of(place))
        return item

    def _title(self, element: Element, otherwise: str) -> None:
        """Let a block begin with a paragraph that is its title."""
        title = self.parts.find(element, Part.TITLE)
        paragraph = words_of(title, "p")
        if title is not None:
            element.remove(title)
        else:
            paragraph.text = words.told(otherwise, self.language)
        element.insert(0, paragraph)

    def _lines(self, element: Element, *names: Part) -> None:
        """A picture and the parts below it, each on a line of its own."""
        pictures = [it for it in element.iter("img") if it.get("alt")]
        found = (self.parts.find(element, name) for name in names)
        lines = [*map(_alone, pictures), *(words_of(it) for it in found if it is not None)]
        replaced(element, made("p", "", *_broken(lines)))


def _alone(picture: Element) -> Element:
    return made("span", "", Element("img", picture.attrib))


def _broken(lines: Iterable[Element]) -> Iterable[Element]:
    for at, line in enumerate(lines):
        if at:
            yield Element("br")
        yield line


def _dash(author: Element | None) -> None:
    if author is not None:
        author.text = f"— {(author.text or '').lstrip()}"


def _mark(note: Element, mark: str) -> None:
    """Put a mark before the first words of a note."""
    first = next((it for it in note if it.tag == "p"), note)
    first.text = mark + (first.text or "").lstrip()
