"""What the styles of a document mean: title, heading, quotation, caption; French names as well."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from mailer.letter.word.xml import NAMES, each, is_on, name, value

# Word keeps English names in the file, and ids in the language of its menus, without accents.
_ROLES = {
    "title": "title",
    "titre": "title",
    "subtitle": "subtitle",
    "soustitre": "subtitle",
    "quote": "quote",
    "citation": "quote",
    "intensequote": "quote",
    "citationintense": "quote",
    "quotations": "quote",
    "caption": "caption",
    "legende": "caption",
    "lgende": "caption",
}
_HEADING = re.compile(r"(?:heading|titre|title|berschrift|uberschrift)([1-9])")
_LIST = re.compile(r"(?:list(?:bullet|number)|listea?puces|listenumeros?)([2-5])")
_DEEPEST_BASE = 20


def plain(text: str) -> str:
    """A style's name in small letters, without accents, spaces and hyphens."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(it for it in letters if it.isalnum())


def role_of_name(text: str) -> str:
    """What a name of a style means: "h1" to "h6", or one of the roles; "" for any other."""
    written = plain(text)
    if heading := _HEADING.fullmatch(written):
        return f"h{min(int(heading[1]), 6)}"
    return _ROLES.get(written, "")


@dataclass(slots=True)
class Styles:
    """The styles of a document by id."""

    elements: dict[str, Element] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Element | None) -> Styles:
        """The styles that a part declares."""
        if root is None:
            return cls()
        return cls({value(it, "", "w:styleId") or "": it for it in each(root, "w:style")})

    def _chain(self, style: str | None) -> list[Element]:
        """A style and those it is based on."""
        chain: list[Element] = []
        while style and style in self.elements and len(chain) < _DEEPEST_BASE:
            chain.append(self.elements[style])
            style = value(chain[-1], "w:basedOn")
        return chain

    def role(self, paragraph: Element) -> str:
        """What a paragraph is by its style or its outline level; "" for plain text."""
        style = value(paragraph, "w:pPr/w:pStyle")
        for it in self._chain(style):
            names = (value(it, "", "w:styleId"), value(it, "w:name"))
            if role := next((role_of_name(one) for one in names if one and role_of_name(one)), ""):
                return role
        if style and style not in self.elements and (role := role_of_name(style)):
            return role
        levels = [value(paragraph, "w:pPr/w:outlineLvl")]
        levels += [value(it, "w:pPr/w:outlineLvl") for it in self._chain(style)]
        level = next((it for it in levels if it is not None), "9")
        return f"h{min(int(level) + 1, 6)}" if level.isdecimal() and int(level) < 9 else ""

    def numbering(self, paragraph: Element) -> Element | None:
        """The list that a paragraph's style puts it into."""
        for it in self._chain(value(paragraph, "w:pPr/w:pStyle")):
            if (found := it.find("w:pPr/w:numPr", NAMES)) is not None:
                return found
        return None

    def list_level(self, paragraph: Element) -> int:
        """The level in the name of a list's style ("List Bullet 2"), from 1; 0 without one."""
        for it in self._chain(value(paragraph, "w:pPr/w:pStyle")):
            if found := _LIST.fullmatch(plain(value(it, "w:name") or "")):
                return int(found[1])
        return 0

    def run_has(self, run: Element, prop: str) -> bool:
        """Whether a run has a look such as `w:b`, by itself or by its own style."""
        own = run.find(f"w:rPr/{prop}", NAMES)
        if own is not None:
            return is_on(run, f"w:rPr/{prop}")
        style = value(run, "w:rPr/w:rStyle")
        return any(is_on(it, f"w:rPr/{prop}") for it in self._chain(style))


def is_bold(paragraph: Element, styles: Styles) -> bool:
    """Whether all words of a paragraph are bold."""
    runs = [it for it in each(paragraph, "w:r") if (it.findtext(name("w:t")) or "").strip()]
    return bool(runs) and all(styles.run_has(it, "w:b") for it in runs)
