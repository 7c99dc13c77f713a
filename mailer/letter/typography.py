"""French spaces: narrow no-break ones, where a line break could part a sign from its word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

NARROW = "\u202f"
LITERAL = frozenset(("code", "pre", "kbd", "samp"))

# These patterns replace spaces only: addresses, which hold no space, and the author's spelling stay
# as they are.
_BEFORE_SIGN = re.compile(
    r" (?=[;:!?»](?:[\s.,)\]…»]|$))| (?=[%€](?:\W|$))|(?<=\d) (?=\d{3}(?!\d))"
)
_AFTER_GUILLEMET = re.compile(r"(?<=«) ")


def spaced(text: str) -> str:
    """A text with French spaces."""
    return _AFTER_GUILLEMET.sub(NARROW, _BEFORE_SIGN.sub(NARROW, text))


def space(tree: Element, language: str) -> None:
    """Set French spaces in a tree, except in code; changes nothing in another language."""
    if language != "fr":
        return
    for element in _prose(tree):
        if element.text:
            element.text = spaced(element.text)
        for child in element:
            if child.tail:
                child.tail = spaced(child.tail)


def _prose(element: Element) -> Iterator[Element]:
    if element.tag in LITERAL:
        return
    yield element
    for child in element:
        yield from _prose(child)
