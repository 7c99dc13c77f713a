"""Writes a tree as plain text: complete, in the same order, in lines of 76 characters at most.

A word that is longer, such as an address, stays whole.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from xml.etree.ElementTree import Element

from mailer.letter.markdown import BLOCKS

WIDTH = 76
NARROWEST = 20
_BLANK = re.compile(r"[ \t\r\n]+")
_UNDERLINES = {"h1": "=", "h2": "-"}
_GAP = "  "


def written(tree: Element, width: int = WIDTH) -> str:
    """The text of a tree, with an empty line between blocks."""
    return "\n\n".join("\n".join(block) for block in _blocks(tree, width))


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
    blocks: list[list[str]] = []
    loose = [element.text or ""]

    def close() -> None:
        text = _tidied(loose)
        loose.clear()
        if text:
            blocks.append(wrapped(text, width))

    for child in element:
        if child.tag in BLOCKS:
            close()
            blocks.extend(block for block in _block(child, width) if block)
        else:
            loose.append(_inline(child))
        loose.append(child.tail or "")
    close()
    return blocks


def _block(element: Element, width: int) -> list[list[str]]:
    tag = element.tag
    if tag in ("ul", "ol"):
        return _items(element, width)
    if tag == "blockquote":
        return [_quoted(_blocks(element, width - 2))]
    if tag == "table":
        return _table(element, width)
    if tag == "pre":
        lines = "".join(element.itertext()).rstrip("\n").split("\n")
        return [[f"    {line}".rstrip() for line in lines]]
    if tag == "hr":
        return [["* * *"]]
    if tag in ("h1", "h2"):
        lines = wrapped(_flat(element), width)
        return [[*lines, _UNDERLINES[tag] * max(map(len, lines))]] if any(lines) else []
    if tag == "dd":
        return [[f"    {line}" for line in block] for block in _blocks(element, width - 4)]
    return _blocks(element, width)


def _quoted(blocks: Iterable[Sequence[str]]) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        lines += [*([">"] if lines else []), *(f"> {line}".rstrip() for line in block)]
    return lines


def _items(element: Element, width: int) -> list[list[str]]:
    """The items of a list: one block each if an item has paragraphs, else one block for all."""
    items: list[list[str]] = []
    start = element.get("start", "1")
    first = int(start) if start.isdigit() else 1
    children = [child for child in element if child.tag == "li"]
    loose = any(child.tag == "p" for item in children for child in item)
    for number, item in enumerate(children, first):
        mark = f"{number}. " if element.tag == "ol" else "- "
        blocks = _blocks(item, width - len(mark)) or [[""]]
        lines = [line for block in blocks for line in (*block, *([""] if loose else []))]
        lines = lines[:-1] if loose else lines
        indent = " " * len(mark)
        items.append([((indent if at else mark) + line).rstrip() for at, line in enumerate(lines)])
    return items if loose else [[line for item in items for line in item]]


def _table(element: Element, width: int) -> list[list[str]]:
    """A table in columns if they fit the width; else each row as lines of `heading: value`."""
    blocks = [wrapped(_flat(caption), width) for caption in element.iter("caption")]
    rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in element.iter("tr")]
    texts = [[_flat(cell).replace("\n", " ") for cell in row] for row in rows if row]
    if not texts:
        return blocks
    headed = all(cell.tag == "th" for cell in next(row for row in rows if row))
    widths = [max(map(len, column)) for column in zip_longest(*texts, fillvalue="")]
    if sum(widths) + len(_GAP) * (len(widths) - 1) <= width:
        right = [
            all("right" in cell.get("style", "") for cell in column if cell is not None)
            for column in zip_longest(*(row for row in rows if row))
        ]
        lines = [_aligned(row, widths, right) for row in texts]
        if headed:
            lines.insert(1, _GAP.join("-" * wide for wide in widths))
        return [*blocks, lines]
    heads, body = (texts[0], texts[1:]) if headed else ([], texts)
    return blocks + [list(_record(heads, row, width)) for row in body]


def _aligned(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = (
        cell.rjust(wide) if flush else cell.ljust(wide)
        for cell, wide, flush in zip(row, widths, right, strict=False)
    )
    return _GAP.join(cells).rstrip()


def _record(heads: Sequence[str], row: Sequence[str], width: int) -> Iterator[str]:
    for head, cell in zip_longest(heads, row, fillvalue=""):
        yield from wrapped(f"{head}: {cell}" if head else cell, width)


def _flat(element: Element) -> str:
    """The text of an element on one line, or on several if it has `br`."""
    return _tidied(_pieces(element))


def _pieces(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        yield _inline(child)
        yield child.tail or ""


def _inline(element: Element) -> str:
    if element.tag == "br":
        return "\v"
    if element.tag == "img":
        alternative = element.get("alt", "")
        return f"[{alternative}]" if alternative else ""
    text = "".join(_pieces(element))
    return _linked(text, element.get("href", "")) if element.tag == "a" else text


def _linked(text: str, target: str) -> str:
    """A link's text, then its address between the signs that RFC 3986, appendix C, recommends."""
    scheme, _, address = target.partition(":")
    clear = address if scheme in ("mailto", "tel") else target
    shown = text.strip()
    if not clear or shown.casefold() in (clear.casefold(), target.casefold()):
        return text
    return f"{text} <{clear}>" if shown else clear


def _tidied(pieces: Iterable[str]) -> str:
    """Collapse white space as HTML does; \\v, which no text holds, stands for `br`."""
    text = _BLANK.sub(" ", "".join(pieces))
    return "\n".join(line.strip(" ") for line in text.strip(" \v").split("\v"))
