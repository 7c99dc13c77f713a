"""Writes a tree as plain text: complete, in the same order, in lines of 76 characters at most.

A word that is longer, such as an address, stays whole.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from mailer.letter import plain_tables
from mailer.letter.blocks import in_text
from mailer.letter.blocks.kinds import Block
from mailer.letter.sanitising import BLOCKS as ORDINARY

BLOCKS = ORDINARY | {in_text.BOXED}
WIDTH = 76
NARROWEST = 20
_BLANK = re.compile(r"[ \t\r\n]+")
_UNDERLINES = {"h1": "=", "h2": "-"}
_BULLET = "• "
"""No hyphen: before "5 %", or where the author wrote "+", readers would take it for a minus."""
_MARKS = {"s": ("~~", "~~"), "del": ("~~", "~~"), "q": ("“", "”")}
_ORDINAL = re.compile(
    "ers?|[iè]?[eè]?res?|[eè]m?e?s?|n?des?|nds?|[oº]s?|st|nd|rd|th", re.IGNORECASE
)


_NO_BLOCKS: Mapping[str, Block] = {}


def written(
    tree: Element,
    width: int = WIDTH,
    *,
    blocks: Mapping[str, Block] = _NO_BLOCKS,
    language: str = "fr",
) -> str:
    """The text of a tree with its `blocks`, with an empty line between two paragraphs."""
    plain = in_text.expanded(tree, blocks, language)
    return "\n\n".join("\n".join(block) for block in _blocks(plain, width))


def wrapped(text: str, width: int = WIDTH) -> list[str]:
    """Wrap a text into lines; a word longer than a line, such as an address, stays whole."""
    width = max(width, NARROWEST)  # far inside quotations and lists
    return [
        line
        for paragraph in text.split("\n")
        for line in textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False)
        or [""]
    ]


def _blocks(element: Element, width: int) -> list[list[str]]:
    """The blocks within an element; text between two blocks is a paragraph."""
    flow = _Flow(width)
    flow.through(element)
    return flow.ended()


@dataclass(slots=True)
class _Flow:
    """Blocks as they follow each other, and the text since the last one.

    An inline element may hold blocks. Then text behind it goes on where its own ends.
    """

    width: int
    blocks: list[list[str]] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    before: str = ""
    """Marks that wait for the next words."""

    def through(self, element: Element) -> None:
        """Take up what an element holds."""
        self._say(element.text or "")
        for child in element:
            if child.tag in BLOCKS:
                self._close()
                self._add(block for block in _block(child, self.width) if block)
            elif _holds_blocks(child):
                self._around(child)
            else:
                self._say(_inline(child))
            self._say(child.tail or "")

    def ended(self) -> list[list[str]]:
        """All blocks, the text at the end among them."""
        self._close()
        return self.blocks

    def _around(self, element: Element) -> None:
        before, after = _MARKS.get(element.tag, ("", ""))
        begun = len(self.blocks), bool(_tidied(self.loose))
        self.before += before
        self.through(element)
        if (len(self.blocks), bool(_tidied(self.loose))) == begun:
            self.before = self.before.removesuffix(before)
        elif _tidied(self.loose):
            self.loose.append(after)
        else:
            self.blocks[-1][-1] += after
        if target := element.get("href", ""):
            if _tidied(self.loose):
                self.loose.append(f" <{_linked('', target)}>")
            else:
                self._add([[_linked("", target)]])

    def _say(self, text: str) -> None:
        if self.before and text.strip():
            text, self.before = self.before + text.lstrip(), ""
            self.loose.append(" ")
        self.loose.append(text)

    def _close(self) -> None:
        text = _tidied(self.loose)
        self.loose.clear()
        if text:
            self.blocks.append(wrapped(text, self.width))

    def _add(self, blocks: Iterable[list[str]]) -> None:
        for block in blocks:
            block[0], self.before = self.before + block[0], ""
            self.blocks.append(block)


def _holds_blocks(element: Element) -> bool:
    return any(it.tag in BLOCKS for it in element.iter())


def _block(element: Element, width: int) -> list[list[str]]:
    tag = element.tag
    if tag in ("ul", "ol"):
        return _items(element, width)
    if tag == "blockquote":
        return [_barred(">", _blocks(element, width - 2))]
    if tag == in_text.BOXED:
        return [_barred("|", _blocks(element, width - 2))]
    if tag == "table":
        return plain_tables.written(element, width, _blocks)
    if tag == "pre":
        lines = _lines("".join(_pieces(element)).strip("\n\f"))
        return [[f"    {line}".rstrip() for line in lines]]
    if tag == "hr":
        return [["* * *"]]
    if tag in ("h1", "h2"):
        lines = wrapped(_flat(element), width)
        return [[*lines, _UNDERLINES[tag] * max(map(len, lines))]] if any(lines) else []
    if tag == "dd":
        return [[f"    {line}" for line in block] for block in _blocks(element, width - 4)]
    return _blocks(element, width)


def _barred(bar: str, blocks: Iterable[Sequence[str]]) -> list[str]:
    """Blocks with a bar before each line, so that a reader sees how far they belong together."""
    lines: list[str] = []
    for block in blocks:
        lines += [*([bar] if lines else []), *(f"{bar} {line}".rstrip() for line in block)]
    return lines


def _items(element: Element, width: int) -> list[list[str]]:
    """The items of a list: one block each if an item has paragraphs, else one block for all.

    What stands in the list beside its items, such as another list, is indented like an item.
    """
    items: list[list[str]] = []
    start = element.get("start", "1")
    number = int(start) if start.isdigit() else 1
    apart = any(child.tag == "p" for item in element for child in item if item.tag == "li")
    for item, between in _parts(element, width):
        mark, blocks = "  ", between
        if item is not None:
            mark = f"{number}. " if element.tag == "ol" else _BULLET
            number += 1
            blocks = _blocks(item, width - len(mark)) or [[""]]
        lines = [line for block in blocks for line in (*block, *([""] if apart else []))]
        lines = lines[:-1] if apart else lines
        indent = " " * len(mark)
        items.append([((indent if at else mark) + line).rstrip() for at, line in enumerate(lines)])
    return items if apart else [[line for item in items for line in item]]


def _parts(element: Element, width: int) -> Iterator[tuple[Element | None, list[list[str]]]]:
    """The items of a list, and as blocks what stands between them."""
    between = Element("div")
    between.text = element.text
    for child in element:
        if child.tag != "li":
            between.append(child)
            continue
        if blocks := _blocks(between, width - len(_BULLET)):
            yield None, blocks
        yield child, []
        between = Element("div")
        between.text = child.tail
    if blocks := _blocks(between, width - len(_BULLET)):
        yield None, blocks


def _flat(element: Element) -> str:
    """The text of an element on one line, or on several if it has `br` or blocks."""
    return _tidied(_pieces(element))


def _pieces(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag in BLOCKS:
            yield from ("\f", *_pieces(child), "\f")
        else:
            yield _inline(child)
        yield child.tail or ""


def _inline(element: Element) -> str:
    if element.tag == "br":
        return "\v"
    if element.tag == "img":
        alternative = element.get("alt", "")
        return f"[{alternative}]" if alternative else ""
    text = "".join(_pieces(element))
    if element.tag == "a":
        return _linked(text, element.get("href", ""))
    if element.tag == "sup":
        return _raised(text)
    before, after = _MARKS.get(element.tag, ("", ""))
    return _marked(text, before, after)


def _raised(text: str) -> str:
    """A raised text behind "^", so that m² is no m2; endings of ordinals say what they are."""
    if _ORDINAL.fullmatch(text.strip()):
        return text
    return _marked(text, "^(", ")") if " " in text.strip() else _marked(text, "^", "")


def _marked(text: str, before: str, after: str) -> str:
    """A text between two marks, which stand at its words and not at the spaces around."""
    words = text.strip()
    if not words:
        return text
    at = text.index(words)
    return f"{text[:at]}{before}{words}{after}{text[at + len(words) :]}"


def _linked(text: str, target: str) -> str:
    """A link's text, then its address between the signs that RFC 3986, appendix C, recommends."""
    scheme, _, address = target.partition(":")
    clear = address if scheme in ("mailto", "tel") else target
    shown = text.strip()
    if not clear or _bare(shown) in (_bare(clear), _bare(target)):
        return text
    return f"{text} <{clear}>" if shown else clear


def _bare(address: str) -> str:
    """An address as people write it: `www.example.org` is the whole of `https://www.example.org/`."""
    return address.casefold().removeprefix("https://").rstrip("/")


def _tidied(pieces: Iterable[str]) -> str:
    """Collapse white space as HTML does; \\v, which no text holds, stands for `br`."""
    text = _BLANK.sub(" ", "".join(pieces))
    return "\n".join(line.strip(" ") for line in _lines(text.strip(" \v\f")))


def _lines(text: str) -> list[str]:
    """Cut a text at each \\v, and at the borders of blocks: at \\f, however many stand there."""
    parts = [part.strip("\v") for part in text.split("\f")] if "\f" in text else [text]
    said = [part for part in parts if part.strip(" ")] or [""]
    return [line for part in said for line in re.split("[\v\n]", part)]
