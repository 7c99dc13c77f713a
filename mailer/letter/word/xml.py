"""The names of elements in a .docx (ECMA-376), and steps through its trees."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

DEEPEST = 250
"""Elements within each other; below, Python's own stack is safe."""
NAMES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "v": "urn:schemas-microsoft-com:vml",
    "rel": "http://schemas.openxmlformats.org/package/2006/relationships",
    "cp": "http://schemas.openxmlformats.org/package/2006/metadata/core-properties",
    "dc": "http://purl.org/dc/elements/1.1/",
}
# The strict form of the standard has other names for the same (ISO/IEC 29500-1).
_STRICT = {
    f"http://purl.oclc.org/ooxml/{path}": NAMES[short]
    for path, short in (
        ("wordprocessingml/main", "w"),
        ("officeDocument/relationships", "r"),
        ("drawingml/wordprocessingDrawing", "wp"),
        ("drawingml/main", "a"),
        ("drawingml/picture", "pic"),
        ("drawingml/chart", "c"),
        ("drawingml/diagram", "dgm"),
        ("officeDocument/math", "m"),
    )
}


class BadXml(Exception):
    """A part is no XML, declares entities, or is nested too deep."""


def name(short: str) -> str:
    """A name such as "w:p" as ElementTree writes it."""
    prefix, _, local = short.partition(":")
    return f"{{{NAMES[prefix]}}}{local}"


def parse(data: bytes) -> Element:
    """The tree of a part; BadXml for what no writer of such files writes."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BadXml(str(error)) from None
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise BadXml("too deep")
        level = [child for element in level for child in element]
    for element in root.iter():
        element.tag = _usual(element.tag)
        for key in [it for it in element.attrib if "purl.oclc.org" in it]:
            element.set(_usual(key), element.attrib.pop(key))
    return root


def _usual(tag: str) -> str:
    space, _, local = tag[1:].partition("}")
    return f"{{{_STRICT[space]}}}{local}" if space in _STRICT else tag


def value(element: Element | None, path: str = "", attribute: str = "w:val") -> str | None:
    """An attribute of the element at a path; None where either is missing."""
    if element is None:
        return None
    found = element.find(path, NAMES) if path else element
    return None if found is None else found.get(name(attribute))


def is_on(element: Element | None, path: str) -> bool:
    """Whether a property such as `w:b` is there, and not turned off (ECMA-376 17.17.4)."""
    if element is None or (found := element.find(path, NAMES)) is None:
        return False
    return (found.get(name("w:val")) or "1") not in ("0", "false", "off", "none")


def text_of(element: Element) -> str:
    """The words within an element, with spaces for tabs and breaks, a line for each paragraph."""
    pieces: list[str] = []
    for it in element.iter():
        if it.tag in _TEXTS:
            pieces.append(it.text or "")
        elif it.tag in _SPACES:
            pieces.append(" ")
    return "".join(pieces)


_TEXTS = frozenset(map(name, ("w:t", "w:delText", "m:t")))
_SPACES = frozenset(
    map(name, ("w:tab", "w:br", "w:cr", "w:p", "w:noBreakHyphen", "w:sym", "w:pict", "w:ruby"))
)


def parents_of(root: Element) -> dict[Element, Element]:
    """Each element's parent."""
    return {child: parent for parent in root.iter() for child in parent}


def unwrap(element: Element, parent: Element) -> None:
    """Put what an element holds in its place."""
    at = list(parent).index(element)
    parent[at : at + 1] = list(element)


def each(root: Element, *shorts: str) -> Iterator[Element]:
    """The elements of these names, in order, as a list made beforehand."""
    tags = frozenset(map(name, shorts))
    yield from [it for it in root.iter() if it.tag in tags]
