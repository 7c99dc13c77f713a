"""Gives each paragraph the one style by which mammoth is told what it is."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from mailer.letter.converting.marks import Mark, Marks
from mailer.letter.import_report import Report
from mailer.letter.word.numbering import Numbering
from mailer.letter.word.places import Places
from mailer.letter.word.styles import Styles
from mailer.letter.word.xml import NAMES, each, is_on, name, text_of
from pli.language import N_, say

STYLE_MAP = "\n".join(
    (
        "p.title => h1:fresh",
        *(f"p.h{level} => h{level}:fresh" for level in range(1, 7)),
        "p.subtitle => p.lead:fresh",
        "p.quote => blockquote > p:fresh",
        "p.caption => p.caption:fresh",
        "u => u",
        "strike => s",
    )
)
"""mammoth's rules, by style id."""
ROLES = ("title", "subtitle", "quote", "caption", *(f"h{level}" for level in range(1, 7)))
_LOOKS = ("w:b", "w:i", "w:strike")


@dataclass(slots=True)
class Styler:
    """Replaces the styles of a document; `marks` takes the numbers at which its lists go on."""

    styles: Styles
    numbering: Numbering
    marks: Marks
    report: Report
    places: Places

    def simplify(self, body: Element) -> None:
        """Replace styles by what they mean: ids of our own, and bold or italics for runs.

        With a title, headings go one level down.
        """
        paragraphs = [*each(body, "w:p")]
        roles = [self.styles.role(it) for it in paragraphs]
        lower = "title" in roles or roles.count("h1") > 1
        for paragraph, role in zip(paragraphs, roles, strict=True):
            properties = paragraph.find("w:pPr", NAMES)
            if properties is None:
                properties = Element(name("w:pPr"))
                paragraph.insert(0, properties)
            self._list(properties, paragraph, role)
            for old in properties.findall("w:pStyle", NAMES):
                properties.remove(old)
            if role in ROLES:
                style = Element(
                    name("w:pStyle"), {name("w:val"): _lowered(role) if lower else role}
                )
                properties.insert(0, style)
        for run in each(body, "w:r"):
            _runs_look(run, self.styles)

    def _list(self, properties: Element, paragraph: Element, role: str) -> None:
        own = properties.find("w:numPr", NAMES)
        numbering = self.styles.numbering(paragraph) if own is None else own
        # "List Bullet 2" is the first level of a list of its own, and looks like the second.
        deeper = max(self.styles.list_level(paragraph) - 1, 0)
        self._number(numbering, paragraph, role)
        self.numbering.simplify(properties, numbering, deeper)

    def _number(self, numbering: Element | None, paragraph: Element, role: str) -> None:
        """Keep the number of a list's point, so that a list that goes on does; tell other signs."""
        written = self.numbering.format_of(numbering)
        if written in ("none", "bullet") or not text_of(paragraph).strip():
            return
        number = self.numbering.next_number(numbering)
        if role in ROLES:
            told = say(N_("the number that Word put before a heading"))
            self.report.left_out(told, self.places.before(paragraph))
            return
        if written not in ("decimal", "decimalZero"):
            told = say(N_("the letter or Roman number of a point became a number"))
            self.report.changed(told, self.places.before(paragraph))
        # Each of them: a point without one would be taken for the first that stands within it.
        run = Element(name("w:r"))
        SubElement(run, name("w:t")).text = self.marks.take(Mark.ITEM, number)
        paragraph.insert(1, run)


def _lowered(role: str) -> str:
    return f"h{min(int(role[1]) + 1, 6)}" if role[0] == "h" else role


def _runs_look(run: Element, styles: Styles) -> None:
    properties = run.find("w:rPr", NAMES)
    if properties is None:
        return
    for style in properties.findall("w:rStyle", NAMES):
        for look in _LOOKS:
            if styles.run_has(run, look) and not is_on(run, f"w:rPr/{look}"):
                SubElement(properties, name(look))
        properties.remove(style)
