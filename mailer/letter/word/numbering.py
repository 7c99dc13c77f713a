"""Lists: which points have bullets, and which numbers, told to mammoth by two lists of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

from mailer.letter.word.xml import NAMES, each, name, value

_BULLETS, _NUMBERS = "1", "2"
_DEEPEST = 4
"""Levels that mammoth's own rules know, from 0."""
_DIGITS = 6


@dataclass(slots=True)
class Numbering:
    """The lists of a document: by number and level the format, such as "bullet"."""

    formats: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    """By a list's number the kind with which it counts."""
    starts: dict[tuple[str, str], int] = field(default_factory=dict)
    restarts: dict[tuple[str, str], int] = field(default_factory=dict)
    counted: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Element | None) -> Numbering:
        """The lists that a part declares."""
        found = cls()
        if root is None:
            return found
        kinds = {value(it, "", "w:abstractNumId"): it for it in each(root, "w:abstractNum")}
        for number in each(root, "w:num"):
            key = value(number, "", "w:numId") or ""
            named = value(number, "w:abstractNumId")
            kind = kinds.get(named)
            found.numbers[key] = named or ""
            for override in number.findall("w:lvlOverride", NAMES):
                at = value(override, "", "w:ilvl") or "0"
                if (again := value(override, "w:startOverride")) is not None:
                    found.restarts[key, at] = _whole(again)
            for level in () if kind is None else kind.findall("w:lvl", NAMES):
                at = value(level, "", "w:ilvl") or "0"
                found.formats[key, at] = value(level, "w:numFmt") or "decimal"
                found.starts[key, at] = _whole(value(level, "w:start") or "1")
        return found

    def format_of(self, numbering: Element | None) -> str:
        """How a paragraph is numbered: "bullet", "decimal", "lowerLetter" …; "none" for no list."""
        key, level = _place(numbering)
        if key not in self.numbers:
            return "none"
        return self.formats.get((key, level), self.formats.get((key, "0"), "bullet"))

    def next_number(self, numbering: Element | None) -> int:
        """The number that Word shows before this paragraph; asked once for each, in order."""
        key, level = _place(numbering)
        kind = self.numbers[key]
        number = self.counted.get((kind, level), self.starts.get((key, level), 1) - 1) + 1
        number = self.restarts.pop((key, level), number)
        self.counted[kind, level] = number
        for at in [it for it in self.counted if it[0] == kind and it[1] > level]:
            del self.counted[at]
        return number

    def simplify(self, properties: Element, numbering: Element | None, deeper: int) -> None:
        """Put a paragraph into one of our lists, or into none; `deeper` is the least level."""
        for old in properties.findall("w:numPr", NAMES):
            properties.remove(old)
        written = self.format_of(numbering)
        if written == "none":
            return
        _, level = _place(numbering)
        made = SubElement(properties, name("w:numPr"))
        deep = min(max(int(level) if level.isdecimal() else 0, deeper), _DEEPEST)
        SubElement(made, name("w:ilvl"), {name("w:val"): str(deep)})
        mark = _BULLETS if written == "bullet" else _NUMBERS
        SubElement(made, name("w:numId"), {name("w:val"): mark})


def _place(numbering: Element | None) -> tuple[str, str]:
    return value(numbering, "w:numId") or "0", value(numbering, "w:ilvl") or "0"


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < _DIGITS else 1


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
