"""Reads the rows of a file as people, some at a time, and knows the addresses that came before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from pli.errors import PliError
from pli.language import N_, say
from subscribers.address import AddressError, shortened
from subscribers.csv_reading import Row, Sheet
from subscribers.import_report import ImportReport, Noted, Rejected
from subscribers.models import AttributeType
from subscribers.row_reading import PersonRow, read_row
from subscribers.status_words import Statuses

CHUNK = 500
"""Rows that are looked up and written together: far fewer than SQLite's limit of bound values."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of the file, read: how many they are, the line of the last, and the people."""

    rows: int
    line: int
    people: list[PersonRow]

    @property
    def rejected(self) -> int:
        """How many of the rows are nobody."""
        return self.rows - len(self.people)


@dataclass(slots=True)
class Reading:
    """The rows of a sheet, read as people one after the other; what is no person is told."""

    sheet: Sheet
    types: dict[str, AttributeType]
    statuses: Statuses
    report: ImportReport
    rows: Iterator[Row] = field(init=False)
    first_seen: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = self.sheet.rows()

    def chunk(self, size: int) -> Chunk | None:
        """The next rows; None at the end of the file."""
        rows = list(islice(self.rows, size))
        if not rows:
            return None
        return Chunk(len(rows), rows[-1].line, list(self._people(rows)))

    def skip(self, rows: int) -> None:
        """Read rows that are in already: their addresses count, and what is told of them is."""
        while rows > 0 and (chunk := self.chunk(min(rows, CHUNK))):
            rows -= chunk.rows

    def _people(self, rows: list[Row]) -> Iterator[PersonRow]:
        for row in rows:
            try:
                person = read_row(row, self.types, self.statuses)
            except AddressError as error:
                reason = error.reason
            except PliError as error:
                reason = error.sentences[0]
            else:
                line = self.first_seen.setdefault(person.address.folded, row.line)
                if line == row.line:
                    email = row.cells.get("email", "")
                    self.report.noted += [Noted(row.line, email, it) for it in person.notes]
                    yield person
                    continue
                reason = say(N_("the address stands on line {line} already"), line=line)
            self.report.rejected.append(
                Rejected(row.line, shortened(row.cells.get("email", "")), reason)
            )
