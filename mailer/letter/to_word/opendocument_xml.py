"""The names of elements in an OpenDocument text (OASIS, ODF 1.2), and steps through its trees."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

OASIS = "urn:oasis:names:tc:opendocument:xmlns"
TEXT, DRAW, OFFICE = (f"{{{OASIS}:{it}:1.0}}" for it in ("text", "drawing", "office"))
STYLE, TABLE = (f"{{{OASIS}:{it}:1.0}}" for it in ("style", "table"))
_ABOUT = "{http://purl.org/dc/elements/1.1/}"
_PARTING = frozenset(
    f"{TEXT}{it}"
    for it in ("p", "h", "s", "tab", "line-break", "change-start", "change-end", "change")
)
_NO_WORDS = frozenset(f"{TEXT}{it}" for it in ("note-citation", "index-title-template"))


def text_of(element: Element) -> str:
    """All words within an element, with its boxes and changes."""
    return "".join(_pieces(element))


def _pieces(element: Element) -> Iterator[str]:
    parting = " " if element.tag in _PARTING else ""
    yield parting + (element.text or "")
    for child in element:
        # Who changed something, and when, are no words of the text; nor is a note's number.
        if not child.tag.startswith(_ABOUT) and child.tag not in _NO_WORDS:
            yield from _pieces(child)
        yield child.tail or ""
    yield parting


def remove(element: Element, parents: dict[Element, Element]) -> None:
    """Take an element out; the text behind it stays."""
    parent = parents[element]
    children = list(parent)
    if element not in children:
        return  # with an element around it
    at = children.index(element)
    if tail := element.tail:
        if at:
            children[at - 1].tail = (children[at - 1].tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
    parent.remove(element)


def unwrap(element: Element, parents: dict[Element, Element]) -> None:
    """Put what an element holds in its place."""
    parent = parents[element]
    at = list(parent).index(element)
    parent[at : at + 1] = list(element)
    for child in element:
        parents[child] = parent
