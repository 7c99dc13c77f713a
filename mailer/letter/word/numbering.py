"""Lists: which points have bullets, and which numbers, told to mammoth by two lists of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

from mailer.letter.word.xml import NAMES, each, name, value

_BULLETS, _NUMBERS = "1", "2"
_DEEPEST = 4
"""Levels that mammoth's own rules know, from 0."""


@dataclass(slots=True)
class Numbering:
    """The lists of a document: by number and level the format, such as "bullet"."""

    formats: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, root: Element | None) -> Numbering:
        """The lists that a part declares."""
        found = cls()
        if root is None:
            return found
        kinds = {value(it, "", "w:abstractNumId"): it for it in each(root, "w:abstractNum")}
        for number in each(root, "w:num"):
            key = value(number, "", "w:numId") or ""
            kind = kinds.get(value(number, "w:abstractNumId"))
            found.numbers.add(key)
            for level in () if kind is None else kind.findall("w:lvl", NAMES):
                at = value(level, "", "w:ilvl") or "0"
                found.formats[key, at] = value(level, "w:numFmt") or "decimal"
        return found

    def simplify(self, properties: Element, numbering: Element | None, deeper: int) -> None:
        """Put a paragraph into one of our lists, or into none; `deeper` is the least level."""
        for old in properties.findall("w:numPr", NAMES):
            properties.remove(old)
        key = value(numbering, "w:numId") or "0"
        if key not in self.numbers:
            return
        level = value(numbering, "w:ilvl") or "0"
        written = self.formats.get((key, level), self.formats.get((key, "0"), "bullet"))
        if written == "none":
            return
        made = SubElement(properties, name("w:numPr"))
        deep = min(max(int(level) if level.isdecimal() else 0, deeper), _DEEPEST)
        SubElement(made, name("w:ilvl"), {name("w:val"): str(deep)})
        mark = _BULLETS if written == "bullet" else _NUMBERS
        SubElement(made, name("w:numId"), {name("w:val"): mark})


def ours() -> Element:
    """The part that declares our two lists."""
    root = Element(name("w:numbering"))
    for key, written in ((_BULLETS, "bullet"), (_NUMBERS, "decimal")):
        kind = SubElement(root, name("w:abstractNum"), {name("w:abstractNumId"): key})
        for level in range(_DEEPEST + 1):
            made = SubElement(kind, name("w:lvl"), {name("w:ilvl"): str(level)})
            SubElement(made, name("w:numFmt"), {name("w:val"): written})
    for key in (_BULLETS, _NUMBERS):
        number = SubElement(root, name("w:num"), {name("w:numId"): key})
        SubElement(number, name("w:abstractNumId"), {name("w:val"): key})
    return root
