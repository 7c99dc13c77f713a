"""Splits the text of a CSV file into records: what a line, or a quotation over lines, holds.

A broken line becomes a record without cells, and no other line is lost.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

LONGEST = 1_000_000
"""Characters in which a quotation must be closed; else it counts as never closed."""

_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++\Z")
_LINE_END = re.compile(r"\r\n|\r|\n")
_ADDRESS = re.compile(r'[ <"\']*[^\s@;,|<>"]{1,64}@[^\s@;,|<>"]{1,255}\.[^\s@;,|<>"]{2,64}[ >"\']*')


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its first line and the line after it, its cells, and where it ends in the text.

    No cells: a quotation is opened and never closed.
    """

    line: int
    next_line: int
    cells: list[str] | None
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table's records look like: how many cells, and which of them is the address."""

    width: int
    address_at: int


def records(
    text: str, begins: int, line: int, delimiter: str, shape: Shape | None = None
) -> Iterator[Record]:
    """Yield the records from an offset on; with a shape, a lost quotation mark swallows nobody."""
    while found := _LINE.match(text, begins):
        written = found[0]
        cells: list[str] | None
        ends = found.end()
        if '"' not in written:
            cells = written.rstrip("\r\n").split(delimiter)
        else:
            cells, ends = _quoted(text, begins, ends, delimiter, shape)
        after = line + (1 if ends == found.end() else _lines_in(text, begins, ends))
        yield Record(line, after, cells, begins, ends)
        line, begins = after, ends


def _lines_in(text: str, begins: int, ends: int) -> int:
    """How many line ends stand between two offsets."""
    return sum(1 for _ in _LINE_END.finditer(text, begins, ends))


def is_address(cell: str) -> bool:
    """Whether a cell holds an address and nothing else: a look, no judgement."""
    return len(cell) < 400 and _ADDRESS.fullmatch(cell.strip()) is not None


def _quoted(
    text: str, begins: int, line_ends: int, delimiter: str, shape: Shape | None
) -> tuple[list[str] | None, int]:
    """The cells and the end of a record with quotation marks, which may enclose line ends."""
    cells: list[str] = []
    quotation, bare = _cell(delimiter)
    at = begins
    while True:
        # What is never closed must not be looked for through the whole file at each mark.
        found = quotation.match(text, at, at + LONGEST)
        if found and (found.end() < at + LONGEST or found.end() == len(text)):
            cells.append(found[1].replace('""', '"'))
        elif _opens(text, at):
            return _never_closed(text, begins, line_ends, delimiter)
        else:
            found = bare.match(text, at)
            assert found is not None
            cells.append(found[0])
        at = found.end()
        if text[at : at + 1] == delimiter:
            at += 1
            continue
        end = _LINE_END.match(text, at)
        at = end.end() if end else at
        if at > line_ends and _swallows(text, line_ends, at, cells, delimiter, shape):
            return _never_closed(text, begins, line_ends, delimiter)
        return cells, at


@cache
def _cell(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A quoted cell, with spaces around its marks, and one without marks."""
    sign = re.escape(delimiter)
    return (
        re.compile(rf'[ \u00a0]*+"([^"]*+(?:""[^"]*+)*+)"[ \u00a0]*+(?=[{sign}\r\n]|\Z)'),
        re.compile(rf"[^{sign}\r\n]*+"),
    )


def _opens(text: str, at: int) -> bool:
    """Whether a cell begins with a quotation mark."""
    return text[at : at + 400].lstrip(" \u00a0").startswith('"')


def _never_closed(
    text: str, begins: int, line_ends: int, delimiter: str
) -> tuple[list[str] | None, int]:
    """The line alone: read leniently if its marks come in pairs ("X" and), else without cells."""
    written = text[begins:line_ends].rstrip("\r\n")
    if written.count('"') % 2 == 0:
        try:
            found = list(csv.reader([written], delimiter=delimiter))
        except csv.Error:
            found = []
        if len(found) == 1:
            return found[0], line_ends
    return None, line_ends


def _swallows(
    text: str, begins: int, ends: int, cells: list[str], delimiter: str, shape: Shape | None
) -> bool:
    """Whether a quotation over lines holds people: then its mark is one too many, or lost."""
    if shape is None:
        return False
    if len(cells) > shape.width:
        return True
    if shape.width == 1:
        return False
    for line in _LINE_END.split(text[begins:ends]):
        parts = line.split(delimiter)
        if len(parts) == shape.width and is_address(parts[shape.address_at]):
            return True
    return False
