"""Gives each paragraph the one style by which mammoth is told what it is."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from mailer.letter.word.numbering import Numbering
from mailer.letter.word.styles import Styles
from mailer.letter.word.xml import NAMES, each, is_on, name

STYLE_MAP = "\n".join(
    (
        "p.title => h1:fresh",
        *(f"p.h{level} => h{level}:fresh" for level in range(1, 7)),
        "p.subtitle => p.lead:fresh",
        "p.quote => blockquote > p:fresh",
        "p.caption => p.caption:fresh",
        "u => u",
        "strike => s",
        "br[type='page'] => ",
    )
)
"""mammoth's rules, by style id."""
ROLES = ("title", "subtitle", "quote", "caption", *(f"h{level}" for level in range(1, 7)))
_LOOKS = ("w:b", "w:i", "w:strike")


def simplify(body: Element, styles: Styles, numbering: Numbering) -> None:
    """Replace styles by what they mean: ids of our own, and bold or italics where runs have them.

    With a title, headings go one level down.
    """
    paragraphs = [*each(body, "w:p")]
    roles = [styles.role(it) for it in paragraphs]
    lower = "title" in roles or roles.count("h1") > 1
    for paragraph, role in zip(paragraphs, roles, strict=True):
        properties = paragraph.find("w:pPr", NAMES)
        if properties is None:
            properties = Element(name("w:pPr"))
            paragraph.insert(0, properties)
        _list(properties, paragraph, styles, numbering)
        for old in properties.findall("w:pStyle", NAMES):
            properties.remove(old)
        if role in ROLES:
            style = Element(name("w:pStyle"), {name("w:val"): _lowered(role) if lower else role})
            properties.insert(0, style)
    for run in each(body, "w:r"):
        _runs_look(run, styles)


def _lowered(role: str) -> str:
    return f"h{min(int(role[1]) + 1, 6)}" if role[0] == "h" else role


def _list(properties: Element, paragraph: Element, styles: Styles, numbering: Numbering) -> None:
    own = properties.find("w:numPr", NAMES)
    if own is not None:
        numbering.simplify(properties, own, 0)
    else:
        # "List Bullet 2" is the first level of a list of its own, and looks like the second.
        deeper = max(styles.list_level(paragraph) - 1, 0)
        numbering.simplify(properties, styles.numbering(paragraph), deeper)


def _runs_look(run: Element, styles: Styles) -> None:
    properties = run.find("w:rPr", NAMES)
    if properties is None:
        return
    for style in properties.findall("w:rStyle", NAMES):
        for look in _LOOKS:
            if styles.run_has(run, look) and not is_on(run, f"w:rPr/{look}"):
                SubElement(properties, name(look))
        properties.remove(style)
