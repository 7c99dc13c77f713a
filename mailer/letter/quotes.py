"""Makes straight apostrophes and quotes typographic, where a letter asks for it.

French quotes are « … » with narrow spaces, and “…” within them; English ones are “…”, and ‘…’
within them. A quote whose other half is not found in its paragraph stays as it is, as do signs
behind figures (15", 5') and addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree.ElementTree import Element

from mailer.letter.sanitising import BLOCKS
from mailer.letter.typography import LITERAL, NARROW

_APOSTROPHE, _QUOTE = "'", '"'
_RAISED = "’"
_OPAQUE = "\ufffc"
"""Stands for code and pictures, which are words to what stands beside them."""
_OPENING = frozenset("([{«“‘—–-/’'…:=" + NARROW)
_LEVELS = {
    "fr": ((f"«{NARROW}", f"{NARROW}»"), ("“", "”")),
    "en": (("“", "”"), ("‘", "’")),
}
_WORD = re.compile(r"[^\s\"<>]+")
_ADDRESS = re.compile(r"@|://|www\.", re.IGNORECASE)


def set_in(tree: Element, language: str) -> None:
    """Set the signs of a tree, paragraph by paragraph; not in code, nor in addresses."""
    for run in _runs(tree):
        signs = _signs("".join(it.text for it in run), language)
        at = 0
        for piece in run:
            if piece.element is not None:
                here = {n - at: sign for n, sign in signs.items() if at <= n < at + len(piece.text)}
                piece.replace(_written(piece.text, here))
            at += len(piece.text)
    for image in tree.iter("img"):
        if "alt" in image.attrib:
            image.set("alt", set_in_text(image.get("alt", ""), language))


def set_in_text(text: str, language: str) -> str:
    """Set the signs of a text that is a paragraph of its own."""
    return _written(text, _signs(text, language))


class _Piece(NamedTuple):
    """A text of the tree: an element's own, or the one behind it; without element, no prose."""

    text: str
    element: Element | None = None
    is_tail: bool = False

    def replace(self, text: str) -> None:
        assert self.element is not None, "no prose is replaced"
        if self.is_tail:
            self.element.tail = text
        else:
            self.element.text = text


def _runs(tree: Element) -> Iterator[list[_Piece]]:
    """The texts of each paragraph, in order."""
    run: list[_Piece] = []
    for piece in _pieces(tree):
        if piece is not None:
            run.append(piece)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _pieces(element: Element) -> Iterator[_Piece | None]:
    """The texts of an element in order; None where a paragraph begins or ends."""
    border = element.tag in BLOCKS
    if border:
        yield None
    if element.tag in LITERAL or element.tag == "img":
        yield _Piece(_OPAQUE)
    elif element.tag == "br":
        yield _Piece("\n")
    else:
        if element.text:
            yield _Piece(element.text, element)
        for child in element:
            yield from _pieces(child)
            if child.tail:
                yield _Piece(child.tail, child, is_tail=True)
    if border:
        yield None


def _written(text: str, signs: dict[int, str]) -> str:
    return "".join(signs.get(n, sign) for n, sign in enumerate(text)) if signs else text


def _signs(text: str, language: str) -> dict[int, str]:
    """By its place in a text, what each sign becomes that does not stay as it is."""
    if _APOSTROPHE not in text and _QUOTE not in text:
        return {}
    words = (it for it in _WORD.finditer(text) if _ADDRESS.search(it[0]))
    kept = {n for it in words for n in range(*it.span())}
    return dict(_quotes(text, language, kept)) | dict(_apostrophes(text, kept))


@dataclass(frozen=True, slots=True)
class _Beside:
    """The signs before and behind one."""

    before: str
    behind: str

    @classmethod
    def of(cls, text: str, at: int) -> _Beside:
        return cls(text[at - 1 : at] if at else "", text[at + 1 : at + 2])

    @property
    def may_open(self) -> bool:
        """Whether a quote may begin here."""
        begins = not self.before or self.before.isspace() or self.before in _OPENING
        return begins and bool(self.behind) and not self.behind.isspace()

    @property
    def may_close(self) -> bool:
        """Whether a quote may end here."""
        return bool(self.before) and not self.before.isspace() and self.before not in "([{«“‘"


def _quotes(text: str, language: str, kept: set[int]) -> Iterator[tuple[int, str]]:
    levels = _LEVELS[language]
    opened: list[tuple[int, int]] = []
    guillemets = 0
    for at, sign in enumerate(text):
        guillemets += (sign == "«") - (sign == "»")
        if sign != _QUOTE or at in kept:
            continue
        beside = _Beside.of(text, at)
        if opened and beside.may_close:
            start, level = opened.pop()
            before, behind = levels[min(level, 1)]
            yield start, before
            yield at, behind
        elif beside.may_open:
            level = len(opened) + (guillemets if language == "fr" else 0)
            opened.append((at, max(0, level)))


def _apostrophes(text: str, kept: set[int]) -> Iterator[tuple[int, str]]:
    ends = _ends(text, kept)
    for at, sign in enumerate(text):
        if sign != _APOSTROPHE or at in kept:
            continue
        before, behind = (beside := _Beside.of(text, at)).before, beside.behind
        if _APOSTROPHE in (before, behind) or (before.isdigit() and not behind.isalpha()):
            continue
        if _is_word(before):
            yield at, _RAISED
        elif _is_word(behind):
            # Without an end it stands for letters left out: ’tis, the ’90s.
            yield at, "‘" if not behind.isdigit() and at < ends else _RAISED
        elif beside.may_close and not before.isdigit():
            yield at, _RAISED


def _ends(text: str, kept: set[int]) -> int:
    """The place of the last apostrophe that may end a quote; -1 if there is none."""
    return max(
        (
            at
            for at, sign in enumerate(text)
            if sign == _APOSTROPHE
            and at not in kept
            and (beside := _Beside.of(text, at)).may_close
            and not _is_word(beside.behind)
        ),
        default=-1,
    )


def _is_word(sign: str) -> bool:
    return sign.isalnum() or (sign != "" and sign in _OPAQUE)
