"""Reads a file of people into rows: the half of an import that needs no database.

Offices save CSV with semicolons, commas or tabs, and in any encoding. A broken line becomes a row
with a fault, and no other line is lost. `encodings`, `headings` and `records` do the work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pli.language import N_, Sentence, say, say_n
from subscribers import encodings, file_kinds, headings
from subscribers.folding import tidy, visible
from subscribers.headings import Column, ReadingError
from subscribers.records import Record, Shape, records

__all__ = ["Column", "ReadingError", "Row", "Sheet", "read"]

LOST_LETTER = "\ufffd"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its first line, its cells by the column's name, its fault, and what to tell of it.

    A row with `notes` is a person like any other: something beside the point was left out.
    """

    line: int
    cells: dict[str, str]
    fault: Sentence | None = None
    notes: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of people: its columns, and its rows in order.

    The headings stand on `headings_line`. The first row begins at the offset `begins` of `text`, on
    the line `line` of the file. `encoding` is named as `--encoding` takes it; `otherwise` are lines
    of a UTF-8 file that were read in an older encoding, and `faults` lines that nobody can read.
    `digest` is the SHA-256 of the file's bytes.
    """

    columns: tuple[Column, ...]
    text: str
    delimiter: str
    begins: int
    line: int
    shape: Shape
    headings_line: int = 1
    encoding: str = "utf-8"
    otherwise: Mapping[int, str] = field(default_factory=dict)
    faults: Mapping[int, Sentence] = field(default_factory=dict)
    digest: str = ""

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are not empty, one by one: a large file is never all in objects."""
        for record in records(self.text, self.begins, self.line, self.delimiter, self.shape):
            if record.cells is None:
                written = self.text[record.begins : record.ends]
                told = {"email": tidy(written[:200])[:60]}
                yield Row(record.line, told, say(N_("a quotation mark is opened and never closed")))
            elif any(cell.strip() for cell in record.cells):
                yield self._row(record, record.cells)

    def sample(self, n: int = 3) -> list[Row]:
        """Some rows by which a person sees whether the file was read rightly: with accents first.

        Looks at the first 2,000 rows.
        """
        telling: list[Row] = []
        plain: list[Row] = []
        for seen, row in enumerate(self.rows()):
            if seen == 2_000 or len(telling) == n:
                break
            if row.fault is None:
                isascii = all(it.isascii() for it in row.cells.values())
                (plain if isascii else telling).append(row)
        return sorted((telling + plain)[:n], key=lambda it: it.line)

    def _row(self, record: Record, cells: Sequence[str]) -> Row:
        width = len(self.columns)
        named: dict[str, str] = {}
        notes: list[Sentence] = []
        for at, (column, cell) in enumerate(zip(self.columns, cells, strict=False), start=1):
            value = tidy(cell if column.name == "email" else visible(cell))
            if not column.heading and not column.name:
                if value:
                    notes.append(_under_no_heading(at, value))
            elif LOST_LETTER in value and column.name != "email":
                notes.append(_lost_letter(column, value))
            elif column.name:
                named[column.name] = value
        notes += [
            say(N_("this line is not UTF-8: read as {encoding}"), encoding=encodings.NAMES[old])
            for line, old in self._read_otherwise(record)
        ]
        surplus = sum(bool(cell.strip()) for cell in cells[width:])
        fault = (
            say_n(
                "there is a cell too many in this line",
                "there are {n} cells too many in this line",
                surplus,
            )
            if surplus
            else self._unreadable(record)
        )
        return Row(record.line, named, fault, tuple(notes))

    def _read_otherwise(self, record: Record) -> list[tuple[int, str]]:
        if not self.otherwise:
            return []
        lines = range(record.line, record.next_line)
        return [(it, self.otherwise[it]) for it in lines if it in self.otherwise]

    def _unreadable(self, record: Record) -> Sentence | None:
        if not self.faults:
            return None
        lines = range(record.line, record.next_line)
        return next((self.faults[it] for it in lines if it in self.faults), None)


def read(data: bytes, *, encoding: str | None = None, delimiter: str | None = None) -> Sheet:
    """Read a file's bytes; raises ReadingError if they are no table with a column of addresses."""
    if told := file_kinds.of_bytes(data):
        raise ReadingError(told)
    decoded = encodings.decode(data, encoding)
    # For the databases, NUL ends a text; no office writes NUL on purpose.
    text = decoded.text.removeprefix("\ufeff").replace("\0", "")
    if told := file_kinds.of_text(text):
        raise ReadingError(told)
    found = headings.find(text, delimiter)
    return Sheet(
        columns=found.columns,
        text=text,
        delimiter=found.delimiter,
        begins=found.begins,
        line=found.first_row_line,
        shape=found.shape,
        headings_line=found.line,
        encoding=decoded.encoding,
        otherwise=decoded.otherwise,
        faults=decoded.faults,
        digest=hashlib.sha256(data).hexdigest(),
    )


def _under_no_heading(at: int, value: str) -> Sentence:
    return say(
        N_('column {at} has no heading: "{value}" is left out'), at=at, value=shortened(value)
    )


def _lost_letter(column: Column, value: str) -> Sentence:
    return say(
        N_('{column}: "{value}" had lost a letter before the file was saved: left out'),
        column=column.heading,
        value=shortened(value),
    )


def shortened(value: str) -> str:
    """A value as messages quote it: its first 60 characters."""
    return value if len(value) <= 60 else value[:60] + "…"
