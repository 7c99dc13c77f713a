"""Footnotes of foreign HTML: a mark that leads to a text, from which a mark leads back.

Word, LibreOffice, Google Docs, pandoc and wikis write them with other names, but all in this way.
Where only the mark was copied, its text being elsewhere, the mark stays as the word it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from mailer.letter.converting.inline import words
from mailer.letter.converting.marks import Mark, Marks
from mailer.letter.converting.replacing import parents_of, take_out

_MARK = re.compile(r"[\[(]?(?:\d{1,4}|[ivxlc]{1,6}|[a-z]|[*†‡§]{1,3})[\])]?", re.IGNORECASE)
_BACK = re.compile(r"\W*(?:\d{1,4}|[ivxlc]{1,6}|[a-z])?\W*", re.IGNORECASE)
_AROUND = frozenset(("p", "div", "li", "dd", "section", "aside"))


@dataclass(frozen=True, slots=True)
class _Note:
    number: int
    container: Element
    back: list[Element]


def gather(tree: Element, marks: Marks) -> None:
    """Put a mark in place of each reference, and the notes' texts, between marks, at the end."""
    parents = parents_of(tree)
    named = {name: it for it in tree.iter() for name in _names(it)}
    order = {id(it): at for at, it in enumerate(tree.iter())}
    found: dict[int, _Note] = {}
    references: list[tuple[Element, _Note]] = []
    backs: set[int] = set()
    for anchor in [it for it in tree.iter("a") if _fragment(it)]:
        target = named.get(_fragment(anchor))
        if id(anchor) in backs or target is None or not _MARK.fullmatch(words(anchor)):
            continue
        if order[id(target)] < order[id(anchor)]:
            continue
        note = found.get(id(target))
        if note is None:
            back = [it for it in _anchors(target) if _leads_to(it, anchor, named, parents)]
            if not back:
                continue
            container = _container(back[0], anchor, parents)
            note = found[id(target)] = _Note(len(found) + 1, container, back)
            inside = [it for it in container.iter("a") if _BACK.fullmatch(words(it))]
            note.back.extend(it for it in inside if it not in back and _fragment(it) in named)
            backs.update(id(it) for it in note.back)
        references.append((anchor, note))
    for anchor, note in references:
        take_out(parents[anchor], anchor, marks.take(Mark.NOTE, note.number))
    for note in found.values():
        _take(tree, note, parents)
    for note in found.values():
        text, end = (_marked(marks, it, note) for it in (Mark.NOTE_TEXT, Mark.NOTE_END))
        tree.extend((text, note.container, end))


def _names(element: Element) -> Iterator[str]:
    yield from (it for it in (element.get("id"), element.get("name")) if it)


def _fragment(anchor: Element) -> str:
    # A browser writes whole addresses into the clipboard.
    return anchor.get("href", "").rpartition("#")[2] if "#" in anchor.get("href", "") else ""


def _anchors(target: Element) -> list[Element]:
    return [it for it in target.iter("a") if _fragment(it)]


def _leads_to(
    back: Element,
    anchor: Element,
    named: Mapping[str, Element],
    parents: Mapping[Element, Element],
) -> bool:
    """Whether a link leads to a reference, or to what stands closely around that."""
    place = named.get(_fragment(back))
    if place is None or not _BACK.fullmatch(words(back)):
        return False
    around: Element | None = anchor
    while around is not None and around.tag not in _AROUND:
        if around is place:
            return True
        around = parents.get(around)
    return any(it is place for it in anchor.iter())


def _container(back: Element, anchor: Element, parents: Mapping[Element, Element]) -> Element:
    """The whole text of a note: the largest element with neither another nor the reference."""
    here = back
    while True:
        around = parents.get(here)
        if around is None or here.tag == "li" or _holds_more(around, anchor, here):
            return here
        here = around


def _holds_more(around: Element, anchor: Element, note: Element) -> bool:
    """Whether something stands around a note that does not belong to it."""
    for it in around.iter():
        if it is anchor or it.tag in ("hr", "ol", "ul", "table"):
            return True
    others = [it for it in around if it is not note]
    return around.tag not in ("p", "li", "span", "sup") and any(_fragments(it) for it in others)


def _fragments(element: Element) -> list[str]:
    return [_fragment(it) for it in element.iter("a") if _fragment(it)]


def _take(tree: Element, note: _Note, parents: dict[Element, Element]) -> None:
    """Take a note's text out, and with it what held nothing but notes and the line above them."""
    for it in note.back:
        take_out(parents[it], it)
    empty = note.container
    while empty is not tree:
        around = parents[empty]
        take_out(around, empty)
        if any(words(it) for it in around) or around.find(".//img") is not None:
            _drop_line_at_end(around)
            break
        empty = around
    note.container.tag = "div"


def _drop_line_at_end(around: Element) -> None:
    """Take away the line that stood above the notes."""
    while len(around) and around[-1].tag in ("hr", "br") and not (around[-1].tail or "").strip():
        take_out(around, around[-1])


def _marked(marks: Marks, mark: Mark, note: _Note) -> Element:
    paragraph = Element("p")
    paragraph.text = marks.take(mark, note.number)
    return paragraph
