"""The words of an OpenDocument text, to find what pandoc left out of it without telling."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from mailer.letter.word.package import Package

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_ABOUT = "{http://purl.org/dc/elements/1.1/}"
_PARTING = frozenset(f"{_TEXT}{it}" for it in ("p", "h", "s", "tab", "line-break"))


def text_of(data: bytes) -> str:
    """All words of a document's text, its boxes, comments and changes; raises Unreadable."""
    root = Package(data).tree("content.xml")
    return "" if root is None else "".join(_pieces(root))


def _pieces(element: Element) -> Iterator[str]:
    parting = " " if element.tag in _PARTING else ""
    yield parting + (element.text or "")
    for child in element:
        # Who changed or noted something, and when, are no words of the text.
        if not child.tag.startswith(_ABOUT):
            yield from _pieces(child)
        yield child.tail or ""
    yield parting
