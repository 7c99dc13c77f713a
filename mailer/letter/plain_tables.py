"""Writes a table as plain text: in columns if they fit, else cell by cell."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from xml.etree.ElementTree import Element

Blocks = Callable[[Element, int], list[list[str]]]

_GAP = "  "
_ROOMY = 10**9
"""A width in which no line is wrapped."""
_SECTIONS = ("thead", "tbody", "tfoot")
_CELLS = ("td", "th")
_NARROWEST = 20
_LARGE = ("table", "pre", "blockquote", "h1", "h2")


@dataclass(slots=True)
class _Row:
    """A row of cells, or what stands in a table beside its rows, such as its caption."""

    cells: list[Element] = field(default_factory=list)
    beside: Element | None = None


def written(table: Element, width: int, blocks_of: Blocks) -> list[list[str]]:
    """The blocks of a table; `blocks_of` writes the blocks within an element."""
    blocks: list[list[str]] = []
    rows: list[_Row] = []
    for row in _rows(table):
        if row.beside is None:
            rows.append(row)
            continue
        blocks += _written(rows, width, blocks_of)
        rows = []
        blocks += blocks_of(row.beside, width)
    return blocks + _written(rows, width, blocks_of)


def _rows(element: Element) -> Iterator[_Row]:
    """The rows of a table or of a row group, in order; none of a table within a cell."""
    if element.text and element.text.strip():
        yield _Row(beside=_holding(text=element.text))
    for child in element:
        if child.tag in _SECTIONS:
            yield from _rows(child)
        elif child.tag == "tr":
            yield _row(child)
        else:
            yield _Row(beside=_holding(child))
        if child.tail and child.tail.strip():
            yield _Row(beside=_holding(text=child.tail))


def _row(row: Element) -> _Row:
    cells: list[Element] = []
    if row.text and row.text.strip():
        cells.append(_holding(text=row.text))
    for child in row:
        cells.append(child if child.tag in _CELLS else _holding(child))
        if child.tail and child.tail.strip():
            cells.append(_holding(text=child.tail))
    return _Row(cells)


def _holding(child: Element | None = None, text: str = "") -> Element:
    """An element around a child without its tail, or around a text."""
    around = Element("div")
    around.text = text
    if child is not None:
        inner = Element(child.tag, child.attrib)
        inner.text, inner[:] = child.text, list(child)
        around.append(inner)
    return around


def _written(rows: Sequence[_Row], width: int, blocks_of: Blocks) -> list[list[str]]:
    cells = [row.cells for row in rows if row.cells]
    if any(it.tag in _LARGE for row in cells for cell in row for it in cell.iter()):
        return [block for row in cells for cell in row for block in blocks_of(cell, width)]
    texts = [[_line(cell, blocks_of) for cell in row] for row in cells]
    if not any(map(any, texts)):
        return []
    headed = all(cell.tag == "th" for cell in cells[0])
    widths = [max(map(len, column)) for column in zip_longest(*texts, fillvalue="")]
    if sum(widths) + len(_GAP) * (len(widths) - 1) <= width:
        right = [
            all("right" in cell.get("style", "") for cell in column if cell is not None)
            for column in zip_longest(*cells)
        ]
        lines = [_aligned(row, widths, right) for row in texts]
        if headed:
            lines.insert(1, _GAP.join("-" * wide for wide in widths))
        return [lines]
    heads, body = (texts[0], texts[1:]) if headed and len(texts) > 1 else ([], texts)
    return [list(_record(heads, row, width)) for row in body]


def _line(cell: Element, blocks_of: Blocks) -> str:
    """The text of a cell on one line; a comma parts its paragraphs and the items of its lists."""
    said = ""
    for block in blocks_of(cell, _ROOMY):
        for line in block:
            item = line.strip().removeprefix("• ")
            if said and item:
                said += ", " if said[-1].isalnum() else " "
            said += item
    return said


def _aligned(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = (
        cell.rjust(wide) if flush else cell.ljust(wide)
        for cell, wide, flush in zip(row, widths, right, strict=False)
    )
    return _GAP.join(cells).rstrip()


def _record(heads: Sequence[str], row: Sequence[str], width: int) -> Iterator[str]:
    for head, cell in zip_longest(heads, row, fillvalue=""):
        line = f"{head}: {cell}" if head else cell
        yield from textwrap.wrap(
            line, max(width, _NARROWEST), break_long_words=False, break_on_hyphens=False
        )
