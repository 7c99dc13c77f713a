"""The words of a paragraph as pieces with their looks, and back as elements, always in one order.

Bold within italics and italics within bold become the same; so do two bold words side by side and
one. A space has only the looks that the words on both of its sides have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from mailer.letter.blocks.kinds import Block, NoteMark
from mailer.letter.converting.marks import Mark, Marks
from mailer.letter.sanitising import BLOCK

ORDER = ("a", "strong", "em", "s", "u", "sup", "sub", "code")
"""Which look stands around which."""
_SAME = {
    **{it: it for it in ORDER},
    "b": "strong",
    "i": "em",
    "cite": "em",
    "del": "s",
    "strike": "s",
    "ins": "u",
    "kbd": "code",
    "samp": "code",
}
_SPACES = re.compile(r"(\s+)")
_FOLDED = re.compile(r"[ \t\n\r\f\v]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A text, or an element without words (a picture, a line break, the mark of a footnote)."""

    text: str
    looks: frozenset[str]
    href: str = ""
    element: Element | None = field(default=None, compare=False)

    @property
    def is_space(self) -> bool:
        """Whether it is nothing but space, or a line break."""
        return self.text.isspace() if self.element is None else self.element.tag == "br"


@dataclass(slots=True)
class Inline:
    """Reads the words of elements; `blocks` takes what marks stand for."""

    marks: Marks
    blocks: dict[str, Block]

    def pieces(self, items: Sequence[Element | str]) -> list[Piece]:
        """The pieces of texts and elements, spaces folded, and none at the edges."""
        read = [it for item in items for it in self._read(item, frozenset(), "")]
        return _trimmed(_spaced([one for it in read for one in _split(it)]))

    def _read(self, item: Element | str, looks: frozenset[str], href: str) -> Iterator[Piece]:
        if isinstance(item, str):
            yield from self._text(item, looks, href)
            return
        if item.tag in ("br", "img"):
            yield Piece("", looks - {"code"}, href, _bare(item))
            return
        look = _SAME.get(item.tag)
        if look == "a":
            href = item.get("href", "") or href
            look = "a" if href else None
        inner = looks | {look} if look else looks
        if item.tag == "q":
            yield Piece("“", inner, href)
        yield from self._text(item.text or "", inner, href)
        for child in item:
            yield from self._read(child, inner, href)
            yield from self._text(child.tail or "", inner, href)
        if item.tag == "q":
            yield Piece("”", inner, href)

    def _text(self, text: str, looks: frozenset[str], href: str) -> Iterator[Piece]:
        for part, is_mark in self.marks.placeholders.parts(text):
            mark, number = self.marks.meant.get(part, (None, 0)) if is_mark else (None, 0)
            if mark is Mark.NOTE:
                placeholder = self.marks.placeholders.take()
                self.blocks[placeholder] = NoteMark(number)
                span = Element("span", {BLOCK: placeholder})
                span.text = f"[{number}]"
                yield Piece("", frozenset(), "", span)
            elif mark is not Mark.ITEM:
                yield Piece(part, looks, href)


def _bare(element: Element) -> Element:
    kept = ("src", "alt", "width", "title") if element.tag == "img" else ()
    made = Element(element.tag, {it: element.attrib[it] for it in kept if it in element.attrib})
    if element.tag == "img":
        made.set("alt", " ".join(element.get("alt", "").split()))
    return made


def _split(piece: Piece) -> Iterator[Piece]:
    if piece.element is not None:
        yield piece
        return
    for text in _SPACES.split(piece.text):
        if text:
            yield replace(piece, text=_FOLDED.sub(" ", text))


def _spaced(pieces: Sequence[Piece]) -> list[Piece]:
    """Give spaces the looks of both sides, and fold those that follow each other."""
    found: list[Piece] = []
    solid = [at for at, it in enumerate(pieces) if not it.is_space]
    before: Piece | None = None
    upcoming = iter(solid)
    ahead = next(upcoming, None)
    for at, piece in enumerate(pieces):
        if ahead is not None and at == ahead:
            ahead = next(upcoming, None)
            before = piece
            found.append(piece)
            continue
        after = pieces[ahead] if ahead is not None else None
        found.append(_between(piece, before, after))
    return found


def _between(space: Piece, before: Piece | None, after: Piece | None) -> Piece:
    if before is None or after is None:
        return replace(space, looks=frozenset(), href="")
    looks = before.looks & after.looks
    if before.href != after.href:
        looks -= {"a"}
    if space.element is not None:
        looks -= {"code"}
    return replace(space, looks=looks, href=before.href if "a" in looks else "")


def _trimmed(pieces: Sequence[Piece]) -> list[Piece]:
    """Without spaces at the edges, around line breaks, and twice."""
    found: list[Piece] = []
    for piece in pieces:
        if piece.element is None and piece.text == " ":
            last = found[-1] if found else None
            if last is None or _breaks(last) or (last.element is None and last.text[-1] == " "):
                continue
        if _breaks(piece):
            while found and found[-1].element is None and found[-1].text == " ":
                found.pop()
        found.append(piece)
    while found and found[-1].is_space:
        found.pop()
    while found and found[0].is_space:
        found.pop(0)
    return found


def _breaks(piece: Piece) -> bool:
    return piece.element is not None and piece.element.tag == "br"


def filled(element: Element, pieces: Sequence[Piece]) -> Element:
    """Put pieces into an element, one element around all that share a look."""
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        look = next((it for it in ORDER if it in piece.looks), None)
        if look is None:
            if piece.element is None:
                _append(element, piece.text)
            else:
                element.append(piece.element)
            at += 1
            continue
        end = at
        while end < len(pieces) and look in pieces[end].looks and _same_link(piece, pieces[end]):
            end += 1
        if look == "code" and all(it.is_space for it in pieces[at:end]):
            _append(element, "".join(it.text for it in pieces[at:end]))
            at = end
            continue
        around = Element(look, {"href": piece.href} if look == "a" else {})
        inside = [replace(it, looks=it.looks - {look}) for it in pieces[at:end]]
        if look == "code":
            around.text = "".join(it.text for it in inside)
        else:
            filled(around, inside)
        element.append(around)
        at = end
    return element


def _same_link(one: Piece, other: Piece) -> bool:
    return one.href == other.href or "a" not in one.looks | other.looks


def _append(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def is_empty(pieces: Sequence[Piece]) -> bool:
    """Whether nobody would see anything."""
    return all(it.is_space or it.text == "\u200b" for it in pieces)


def words(element: Element) -> str:
    """The text of an element on one line."""
    return " ".join("".join(element.itertext()).split())
