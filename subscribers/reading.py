"""A file of people read as rows: the pure half of an import.

As offices save CSV: semicolons, commas or tabs; UTF-8 with or without a mark, UTF-16, Windows-1252.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from charset_normalizer import from_bytes

from pli.errors import PliError
from pli.language import N_
from subscribers import attributes
from subscribers.folding import slug, tidy

if TYPE_CHECKING:
    import _csv

LARGEST_CELL = 10_000
_DELIMITERS = ";,\t|"
_HEADINGS = {
    "email": (
        "email", "e mail", "mail", "courriel", "adresse electronique", "adresse mail",
        "adresse email", "adresse e mail", "adresse courriel", "email address", "mel",
    ),
    "first_name": ("prenom", "first name", "firstname", "given name"),
    "last_name": ("nom", "nom de famille", "last name", "lastname", "surname", "family name"),
    "language": ("langue", "language", "lang"),
}  # fmt: skip
_FIELD_OF = {heading: field for field, headings in _HEADINGS.items() for heading in headings}


class ReadingError(PliError):
    """The file as a whole cannot be read as a table of people."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading as written, and the field or attribute it stands for."""

    heading: str
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it begins at, and its cells by the column's name.

    `surplus` counts the cells beyond the headings, which belong to nothing.
    """

    line: int
    cells: dict[str, str]
    surplus: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of people: its columns, and its rows in order."""

    columns: tuple[Column, ...]
    text: str
    delimiter: str

    def rows(self) -> Iterator[Row]:
        """The rows that are not empty, one by one: a large file is never whole in objects."""
        reader = _reader(self.text, self.delimiter)
        next(reader)
        begins = reader.line_num + 1
        for cells in reader:
            line, begins = begins, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            yield Row(
                line,
                {
                    column.name: tidy(cell)
                    for column, cell in zip(self.columns, cells, strict=False)
                    if column.name
                },
                max(0, len(cells) - len(self.columns)),
            )


def read(data: bytes, *, encoding: str | None = None) -> Sheet:
    """Read a file's bytes; raises ReadingError if it is no table with a column of addresses."""
    if data.startswith(b"PK\x03\x04"):
        raise ReadingError(N_("the file is a workbook: save it as CSV"))
    text = decode(data, encoding).lstrip("\ufeff")
    if not text.strip():
        raise ReadingError(N_("the file is empty"))
    # Excel writes this line for itself; it is the surest word on the delimiter.
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == len("sep=;"):
        text, delimiter = rest, first.strip()[-1]
    else:
        delimiter = _delimiter(first)
    csv.field_size_limit(LARGEST_CELL)
    try:
        headings = next(_reader(text, delimiter))
        for _ in _reader(text, delimiter):
            pass
    except (csv.Error, StopIteration) as error:
        raise ReadingError(
            N_("the file is no table: {reason} (a quotation mark that is not closed?)"),
            reason=str(error) or "StopIteration",
        ) from None
    return Sheet(_columns(headings), text, delimiter)


def decode(data: bytes, encoding: str | None = None) -> str:
    """The text of a file: what was asked for, else UTF-8 and UTF-16, else what it looks like.

    Windows-1252 is tried before guessing: it is what French offices save.
    """
    if encoding is not None:
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            raise ReadingError(
                N_("the file is not in the encoding {encoding}"), encoding=encoding
            ) from None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    for candidate in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(candidate)
        except UnicodeDecodeError:
            continue
    guess = from_bytes(data).best()
    if guess is None:
        raise ReadingError(N_("the file is no text: save it as CSV"))
    return str(guess)


def _reader(text: str, delimiter: str) -> _csv.Reader:
    # NUL ends a text for the databases below; no office writes it on purpose.
    return csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter)


def _delimiter(line: str) -> str:
    """What stands most often in the heading line, outside of quotation marks."""
    outside = "".join(line.split('"')[::2])
    counted = Counter({it: outside.count(it) for it in _DELIMITERS})
    return max(_DELIMITERS, key=lambda it: counted[it])


def _columns(headings: list[str]) -> tuple[Column, ...]:
    columns = tuple(Column(tidy(it), _name(it)) for it in headings)
    counted = Counter(it.name for it in columns if it.name)
    if twice := [it.heading for it in columns if counted[it.name] > 1]:
        raise ReadingError(
            N_("two columns mean the same: {headings}: take one away"), headings=", ".join(twice)
        )
    if "email" not in counted:
        raise ReadingError(
            N_('no column holds addresses: give one the heading "Courriel" or "E-mail"')
        )
    return columns


def _name(heading: str) -> str:
    return _FIELD_OF.get(slug(heading, " "), "") or attributes.name_of(heading)
