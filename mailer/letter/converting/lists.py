"""Lists that are none in the HTML: Word's paragraphs with `mso-list`, and typed bullets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element

from mailer.letter.import_report import Report
from pli.language import N_, say

_LEVEL = re.compile(r"mso-list:[^;]*\blevel(\d)", re.IGNORECASE)
_IGNORED = re.compile(r"mso-list:\s*Ignore", re.IGNORECASE)
_HEADING = re.compile("h[1-6]")
_NUMBER = re.compile(r"\s*\(?(\d{1,4}|[a-z]|[ivx]{1,6})[.)]", re.IGNORECASE)
_BULLET = re.compile(r"(?:[•‣◦▪●○■·–—-]|\uf0b7|\uf0a7)[ \t\u00a0\u202f]+(?=\S)")


def of_word(tree: Element, report: Report) -> None:
    """Turn the paragraphs that Word's clipboard calls points into lists, before styles are read.

    A heading that Word numbers stays a heading.
    """
    for heading in [it for it in tree.iter() if _HEADING.fullmatch(it.tag)]:
        if _taken_sign(heading).strip():
            report.left_out(say(N_("the number that Word put before a heading")))
    for parent in list(tree.iter()):
        if not any(_level(it) for it in parent):
            continue
        made: list[Element] = []
        stack: list[Element] = []
        for child in parent:
            level = _level(child)
            if not level:
                stack = []
                made.append(child)
                continue
            _put(child, level, made, stack)
        parent[:] = made


def _level(element: Element) -> int:
    found = _LEVEL.search(element.get("style", ""))
    return int(found[1]) if found and element.tag in ("p", "div") else 0


def _put(paragraph: Element, level: int, made: list[Element], stack: list[Element]) -> None:
    number = _NUMBER.match(_taken_sign(paragraph))
    tag = "ol" if number else "ul"
    del stack[max(level, 1) :]
    if len(stack) == level and stack[-1].tag != tag:
        stack.pop()
    while len(stack) < level:
        new = Element(tag)
        if number and number[1].isdecimal() and len(stack) + 1 == level:
            new.set("start", number[1])
        if stack and len(stack[-1]):
            stack[-1][-1].append(new)
        elif stack:
            stack[-1].append(new)
        else:
            made.append(new)
        stack.append(new)
    item = Element("li")
    item.append(paragraph)
    paragraph.tag = "p"
    stack[-1].append(item)


def _taken_sign(paragraph: Element) -> str:
    """The bullet or number that Word wrote into a point; it is taken out."""
    for parent in paragraph.iter():
        for child in parent:
            if _IGNORED.search(child.get("style", "")):
                sign = "".join(child.itertext())
                tail = child.tail or ""
                at = list(parent).index(child)
                parent.remove(child)
                if at:
                    parent[at - 1].tail = (parent[at - 1].tail or "") + tail
                else:
                    parent.text = (parent.text or "") + tail
                return sign
    return ""


def of_signs(elements: Sequence[Element], report: Report, places: Sequence[str]) -> list[Element]:
    """Turn paragraphs that begin with a typed bullet into lists; `places` has one an element."""
    found: list[Element] = []
    typed: Element | None = None
    for element, place in zip(elements, places, strict=True):
        bullet = _BULLET.match(element.text or "") if element.tag == "p" else None
        if bullet is None:
            typed = None
            found.append(element)
            continue
        if typed is None:
            typed = Element("ul")
            found.append(typed)
            report.changed(say(N_("lines with typed bullets became a list")), place)
        item = Element("li")
        item.text, item[:] = (element.text or "")[bullet.end() :], list(element)
        typed.append(item)
    return found
