"""Footnotes and endnotes: found by their number, and put below the text."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from mailer.letter.converting.marks import Mark, Marks
from mailer.letter.word.places import Places
from mailer.letter.word.styles import Styles
from mailer.letter.word.xml import each, name


class SamePlace(Places):
    """A footnote's place is where the text refers to it."""

    def __init__(self, place: str) -> None:
        super().__init__(Element("none"), Styles())
        self._place = place

    def before(self, element: Element) -> str:  # noqa: ARG002 (every element is there)
        """The words before the reference."""
        return self._place


def find(notes: Element | None, number: str) -> Element | None:
    """The note of a number; None for lines that only separate notes."""
    for note in () if notes is None else each(notes, "w:footnote", "w:endnote"):
        kind = note.get(name("w:type"), "normal")
        if note.get(name("w:id")) == number and kind == "normal":
            return note
    return None


def put(body: Element, reference: Element, note: Element, marks: Marks, number: int) -> None:
    """Put a note below the text between two marks, and a mark in place of its reference."""
    reference.tag = name("w:t")
    reference.attrib.clear()
    reference.text = marks.take(Mark.NOTE, number)
    below = [paragraph(marks.take(Mark.NOTE_TEXT, number)), *note]
    below.append(paragraph(marks.take(Mark.NOTE_END, number)))
    at = len(body) - (1 if len(body) and body[-1].tag == name("w:sectPr") else 0)
    body[at:at] = below


def paragraph(text: str) -> Element:
    """A paragraph that holds a mark."""
    made = Element(name("w:p"))
    SubElement(SubElement(made, name("w:r")), name("w:t")).text = text
    return made
