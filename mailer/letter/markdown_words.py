"""Writes the words of one paragraph as Markdown, so that no sign in them is taken for another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from html import escape
from xml.etree.ElementTree import Element

LINE = "\\\n"
"""A line break in a paragraph."""
TAG = "<br>"
"""A line break where a line must be one: in headings, cells and captions."""
_SIGNS = {"strong": "**", "em": "*", "s": "~~"}
_ESCAPED = re.compile(r"[\\`*\[\]<]|~|(?<!\w)_|_(?!\w)|\{|&(?=#?\w+;)|!$")
_EXPRESSION = re.compile(r"(\{\{[^{}\n]{1,300}\}\})")
_HTML_SIGNS = re.compile(r"[&<>{|\\\n`*_~\[\]!:]")
_AT_START = re.compile(r"(?m)^(?:([#>=|]|[+-](?=\s|$|-)|:(?=::))|(\d{1,9})([.)])(?=\s|$))")


def written(
    element: Element, mark: Callable[[Element], str], breaks: str, cell: bool = False
) -> str:
    """The words of an element without blocks; `mark` writes what is no HTML, "" for all else."""
    text = _Words(mark, breaks, cell).inside(element, "", "")
    return _AT_START.sub(lambda it: f"\\{it[1]}" if it[1] else f"{it[2]}\\{it[3]}", text)


class _Words:
    def __init__(self, mark: Callable[[Element], str], breaks: str, cell: bool) -> None:
        self._mark = mark
        self._breaks = breaks
        self._cell = cell

    def inside(self, element: Element, around: str, after: str) -> str:
        """What an element holds; `around` is the sign before it, `after` what follows it."""
        text = around + self._text(element.text or "")
        for at, child in enumerate(element):
            following = child.tail or ""
            upcoming = following[:1] or ("<" if at + 1 < len(element) else after)
            text += self._child(child, text[-1:], upcoming)
            text += self._text(following)
        return text[len(around) :]

    def _text(self, text: str) -> str:
        # An expression is what its author wrote; any other brace is a sign.
        parts = _EXPRESSION.split(text)
        said = "".join(
            part if at % 2 else _ESCAPED.sub(r"\\\g<0>", part) for at, part in enumerate(parts)
        )
        return said.replace("|", "\\|") if self._cell else said

    def _child(self, child: Element, before: str, after: str) -> str:
        if mark := self._mark(child):
            return mark
        if child.tag == "br":
            return self._breaks
        if child.tag == "img":
            return self._image(child)
        if child.tag == "code":
            return _code("".join(child.itertext()), self._cell)
        if child.tag == "a":
            return f"[{self.inside(child, '[', ']')}]({_target(child.get('href', ''))})"
        sign = _SIGNS.get(child.tag)
        if sign == "*" and before == "*":
            sign = "_"
        if sign is not None:
            inner = self.inside(child, sign[-1], sign[-1])
            if _can_stand(sign, before, inner, after):
                return f"{sign}{inner}{sign}"
        return f"<{child.tag}>{self.inside(child, '>', '<')}</{child.tag}>"

    def _image(self, image: Element) -> str:
        width = image.get("width")
        attributes = f"{{width={width}}}" if width else ""
        alt = self._text(image.get("alt", ""))
        return f"![{alt}]({_target(image.get('src', ''))}){attributes}"


def as_html(text: str) -> str:
    """A text as HTML that Markdown leaves alone; expressions stay what they are."""
    parts = _EXPRESSION.split(text)
    return "".join(
        escape(part, quote=False) if at % 2 else _HTML_SIGNS.sub(_entity, part)
        for at, part in enumerate(parts)
    )


def table_html(text: str) -> str:
    """A text within HTML of its own lines, in which only tags and empty lines mean anything."""
    parts = _EXPRESSION.split(text)
    return "".join(
        escape(part, quote=False).replace("\n", "&#10;").replace("{", "{" if at % 2 else "&#123;")
        for at, part in enumerate(parts)
    )


def _entity(sign: re.Match[str]) -> str:
    return f"&#{ord(sign[0])};"


def _can_stand(sign: str, before: str, inner: str, after: str) -> bool:
    """Whether signs around words are read as such (CommonMark 0.31, 6.2, left and right flanking).

    Signs that touch others are not, since it takes a page to say which of them belong together.
    """
    if not inner or before == sign[-1] or inner[0] == sign[-1] or inner[-1] == sign[-1]:
        return False
    if inner[0].isspace() or inner[-1].isspace() or after == sign[-1]:
        return False
    open_before, open_after = _parts(before), _parts(after)
    if sign == "_":
        return open_before and open_after
    return (open_before or not _is_sign(inner[0])) and (open_after or not _is_sign(inner[-1]))


def _parts(sign: str) -> bool:
    return not sign or sign.isspace() or _is_sign(sign)


def _is_sign(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "PS"


def _target(href: str) -> str:
    target = href.replace("&", "&amp;")
    return f"<{target}>" if re.search(r"[()\s]", target) or not target else target


def _code(text: str, cell: bool) -> str:
    flat = " ".join(text.split("\n"))
    if "{{" in _EXPRESSION.sub("", flat) or "{%" in flat or "]" in flat:
        return f"<code>{as_html(flat)}</code>"
    longest = max((len(it) for it in re.findall("`+", flat)), default=0)
    ticks = "`" * (longest + 1)
    space = " " if flat[:1] in ("`", " ") or flat[-1:] in ("`", " ") else ""
    said = flat.replace("|", "\\|") if cell else flat
    return f"{ticks}{space}{said}{space}{ticks}"
