"""Reads what styles mean in pasted HTML: text that is hidden, bold, in italics, or struck out.

Word and office suites write these as styles. The sanitiser lets no style through, so the tree says
them by elements instead, and what is hidden is taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from mailer.letter.sanitising import BLOCKS, LINE, READ, line_of

_ZERO = re.compile(r"[+-]?(?:0++(?:\.0++)?+|\.0++)(?:[a-z]{2,4}|%)?")
_BOLD = re.compile(r"bold|bolder|[6-9]\d\d|1000")
_LIGHT = re.compile(r"normal|lighter|[1-5]\d\d")
_SIDES = frozenset(("left", "right", "center", "justify"))
_CELLS = frozenset(("td", "th"))
_ALREADY = {
    "strong": frozenset(("b", "strong", "th", "h1", "h2", "h3", "h4", "h5", "h6")),
    "em": frozenset(("em", "i", "cite")),
    "s": frozenset(("s", "del")),
    "u": frozenset(("a", "ins", "u")),
}


def drop_hidden(tree: Element) -> list[tuple[int, str]]:
    """Take hidden elements out; the line and the text of each that said something."""
    dropped: list[tuple[int, str]] = []
    parents = [tree]
    while parents:
        parent = parents.pop()
        before: Element | None = None
        for child in list(parent):
            if not hides(child.attrib):
                parents.append(child)
                before = child
                continue
            text = " ".join("".join(child.itertext()).split())
            if text or child.find(".//img") is not None or child.tag == "img":
                dropped.append((line_of(child), text))
            if before is None:
                parent.text = (parent.text or "") + (child.tail or "")
            else:
                before.tail = (before.tail or "") + (child.tail or "")
            parent.remove(child)
    return sorted(dropped)


def hides(attributes: Mapping[str, str]) -> bool:
    """Whether an element with these attributes is not shown, by its style or by `hidden`."""
    if "hidden" in attributes:
        return True
    style = _style(attributes)
    return (
        style.get("display") == "none"
        or style.get("visibility") in ("hidden", "collapse")
        or style.get("mso-hide") == "all"
        or any(_ZERO.fullmatch(style.get(it, "")) for it in ("opacity", "font-size", "max-height"))
    )


def say_by_elements(tree: Element) -> None:
    """Turn weight, italics and lines through and under a text into elements; drop all styles."""
    for element in list(tree.iter()):
        style = _style(element.attrib)
        for tag, wanted in _looks(style):
            if wanted:
                _wrap(element, tag)
            elif element.tag in ("b", "strong", "em", "i", "s", "del", "u", "ins"):
                element.tag = "span" if element.tag in _ALREADY[tag] else element.tag
        for name in READ - {LINE}:
            element.attrib.pop(name, None)
        if element.tag in _CELLS and style.get("text-align") in _SIDES:
            element.set("style", f"text-align:{style['text-align']}")


def _looks(style: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """The elements that a style means, and whether it sets or takes away their look."""
    weight = style.get("font-weight", "")
    if _BOLD.fullmatch(weight) or _LIGHT.fullmatch(weight):
        yield "strong", bool(_BOLD.fullmatch(weight))
    if slant := style.get("font-style"):
        yield "em", slant.startswith(("italic", "oblique"))
    lines = f"{style.get('text-decoration', '')} {style.get('text-decoration-line', '')}".split()
    for line, tag in (("line-through", "s"), ("underline", "u")):
        if line in lines or "none" in lines:
            yield tag, line in lines


def _wrap(element: Element, tag: str) -> None:
    """Put what an element holds into an element `tag`; in each block of it, if it holds blocks."""
    for leaf in _leaves(element):
        if leaf.tag not in _ALREADY[tag] and ((leaf.text or "").strip() or len(leaf)):
            inner = Element(tag)
            inner.text, inner[:] = leaf.text, list(leaf)
            leaf.text = None
            leaf[:] = [inner]


def _leaves(element: Element) -> list[Element]:
    inside = [it for it in element.iter() if it.tag in BLOCKS or it is element]
    return [
        it
        for it in inside
        if not any(child.tag in BLOCKS for child in it.iter() if child is not it)
    ]


def _style(attributes: Mapping[str, str]) -> dict[str, str]:
    """An element's style by property; the last of two wins."""
    found: dict[str, str] = {}
    for declaration in attributes.get("style", "").split(";"):
        name, _, value = declaration.partition(":")
        found[name.strip().lower()] = value.partition("!")[0].strip().lower()
    return found
