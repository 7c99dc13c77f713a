"""French spaces: the narrow no-break one where a plain one could part a sign from its word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

NARROW = "\u202f"
LITERAL = frozenset(("code", "pre", "kbd", "samp"))

# Only a space that is there is changed: no letter is added, taken or replaced, so addresses (which
# hold no space) and the author's own spelling stay as they are.
_BEFORE_SIGN = re.compile(
    r" (?=[;:!?»](?:[\s.,)\]…»]|$))| (?=[%€](?:\W|$))|(?<=\d) (?=\d{3}(?!\d))"
)
_AFTER_GUILLEMET = re.compile(r"(?<=«) ")


def spaced(text: str) -> str:
    """A text with its French spaces."""
    return _AFTER_GUILLEMET.sub(NARROW, _BEFORE_SIGN.sub(NARROW, text))


def space(tree: Element, language: str) -> None:
    """Set the spaces of a whole tree, code left alone; other languages than French have none."""
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
