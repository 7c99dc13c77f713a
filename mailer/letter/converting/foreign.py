"""What other programs mean by the classes and attributes of their HTML: Word, LibreOffice, Office.

A title, a quotation or a caption is a paragraph with a class; a change that is tracked is an
element with its date; a comment is a link with a list behind the text.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from mailer.letter.converting.inline import words
from mailer.letter.converting.replacing import parents_of, take_out
from mailer.letter.import_report import Report
from mailer.letter.sanitising import CLASSES, FOREIGN
from pli.language import N_, say

_TITLES = frozenset(("msotitle", "msotitlecxspfirst", "title"))
_SUBTITLES = frozenset(("msosubtitle", "subtitle"))
_QUOTATIONS = frozenset(("msoquote", "msointensequote", "quotations"))
_CAPTIONS = frozenset(("msocaption", "caption", "illustration", "figure"))
_COMMENT = re.compile(r"#_msocom_\d+\Z|#cmnt\d+\Z", re.IGNORECASE)
_ANCHOR = re.compile(r"#_msoanchor_\d+\Z", re.IGNORECASE)
_COMMENTS = re.compile(r"mso-element:\s*comment(?:-list)?\b", re.IGNORECASE)
_IGNORED = "mso-list:Ignore"
_RAISED = re.compile(r"vertical-align:\s*(super|sub)\b", re.IGNORECASE)
_DECORATED = re.compile(r"text-decoration[\w-]*:[^;]*;?", re.IGNORECASE)


def read(tree: Element, report: Report) -> None:
    """Say by elements what classes mean, before styles are read."""
    _changes(tree, report)
    _comments(tree, report)
    _styles(tree)
    lists_of_word_online(tree)
    titled = False
    for element in list(tree.iter()):
        named = frozenset(element.get("class", "").lower().split())
        if element.tag == "p" and element.get("role") == "heading":
            level = element.get("aria-level", "")
            element.tag = f"h{level}" if level in ("1", "2", "3", "4", "5", "6") else "h2"
        elif element.tag in ("p", "div", "h1") and named & _TITLES:
            element.tag, titled = "h1", True
        elif element.tag == "p" and named & _QUOTATIONS:
            inner = Element("p")
            inner.text, inner[:] = element.text, list(element)
            element.tag, element.text, element[:] = "blockquote", None, [inner]
        elif element.tag == "p" and named & _SUBTITLES:
            element.set("class", "lead")
        elif element.tag == "p" and named & _CAPTIONS:
            element.set("class", "caption")
    first = [it for it in tree.iter("h1") if words(it)]
    if titled or len(first) > 1:
        _lower(tree, "title" if titled else "")


def strip(tree: Element) -> None:
    """Take away what only told what an element means."""
    for element in tree.iter():
        for name in (FOREIGN - {"class"}) | {"name"}:
            element.attrib.pop(name, None)
        kept = CLASSES.get(element.tag, set()) & {*element.attrib.pop("class", "").split()}
        if kept:
            element.set("class", sorted(kept)[0])


def _lower(tree: Element, title: str) -> None:
    """Take headings one level down where a letter would have several titles."""
    kept = False
    for element in tree.iter():
        if not re.fullmatch("h[1-6]", element.tag):
            continue
        named = element.get("class", "").lower()
        if title and not kept and title in named:
            kept = True
            continue
        element.tag = f"h{min(int(element.tag[1]) + 1, 6)}"


def _changes(tree: Element, report: Report) -> None:
    """Accept changes that were tracked; the words that go are told."""
    parents = parents_of(tree)
    for element in [
        it for it in tree.iter() if it.tag in ("ins", "del") and "datetime" in it.attrib
    ]:
        if element.tag == "ins":
            element.tag = "span"
            continue
        if text := words(element):
            report.left_out(say(N_("the deleted “{text}”"), text=text))
        take_out(parents[element], element)


def _comments(tree: Element, report: Report) -> None:
    """Take comments out of a text, and tell them."""
    parents = parents_of(tree)
    for element in list(tree.iter()):
        if element.tag == "a" and _COMMENT.search(element.get("href", "")):
            take_out(parents[element], element)
        elif _COMMENTS.search(element.get("style", "")) and element in parents:
            for mark in [it for it in element.iter("a") if _ANCHOR.search(it.get("href", ""))]:
                take_out(parents[mark], mark)
            if text := words(element):
                report.left_out(say(N_("the comment “{text}”"), text=text))
            take_out(parents[element], element)


def _styles(tree: Element) -> None:
    """Say what stands high or low by elements, and take the lines from under links."""
    for element in tree.iter("span"):
        if raised := _RAISED.search(element.get("style", "")):
            element.tag = "sup" if raised[1].lower() == "super" else "sub"
    for link in tree.iter("a"):
        for element in link.iter():
            if "style" in element.attrib:
                element.set("style", _DECORATED.sub("", element.attrib["style"]))
            if element.tag in ("u", "ins"):
                element.tag = "span"


def lists_of_word_online(tree: Element) -> None:
    """Write the lists of Word in a browser, one for each point, as those of Word.

    Each point says its level, so that `lists` can put them into one list.
    """
    for parent in list(tree.iter()):
        made: list[Element] = []
        for child in parent:
            points = _points(child)
            made += points or [child]
        if len(made) != len(parent) or any(a is not b for a, b in zip(made, parent, strict=True)):
            parent[:] = made


def _points(element: Element) -> list[Element]:
    """The points of a list that holds its own level, as Word's paragraphs; none for others."""
    if element.tag == "div" and len(element) and not (element.text or "").strip():
        inside = [_points(it) for it in element]
        return [one for it in inside for one in it] if all(inside) else []
    if element.tag not in ("ul", "ol"):
        return []
    found: list[Element] = []
    for at, item in enumerate(element):
        level = item.get("data-aria-level", "")
        if item.tag != "li" or not level.isdecimal():
            return []
        paragraph = Element("p", {"style": f"mso-list:l0 level{min(int(level), 9)}"})
        sign = Element("span", {"style": _IGNORED})
        start = element.get("start", "1")
        sign.text = f"{int(start) + at}." if element.tag == "ol" and start.isdecimal() else "·"
        lines = [it for it in item if it.tag == "p"]
        line = lines[0] if len(lines) == len(item) == 1 else item
        sign.tail, paragraph[:] = line.text, [sign, *line]
        found.append(paragraph)
    return found
