"""Reads a file of people into rows: the half of an import that needs no database.

Offices save CSV with semicolons, commas or tabs; in UTF-8 with or without a byte order mark, in
UTF-16, in Windows-1252 or an older encoding. A broken line becomes a row with a fault, and no other
line is lost.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from charset_normalizer import from_bytes

from pli.errors import PliError
from pli.language import N_, Sentence, say, say_n
from subscribers import attributes
from subscribers.folding import slug, tidy

_DELIMITERS = ";,\t|"
_HEADINGS = {
    "email": (
        "email", "e mail", "mail", "courriel", "adresse electronique", "adresse mail", "mel",
        "adresse email", "adresse e mail", "adresse courriel", "adresse de courriel",
        "adresse de messagerie", "email address", "e mail address",
    ),
    "first_name": ("prenom", "prenoms", "first name", "firstname", "given name"),
    "last_name": ("nom", "nom de famille", "last name", "lastname", "surname", "family name"),
    "language": ("langue", "language", "lang"),
}  # fmt: skip
_FIELD_OF = {heading: field for field, headings in _HEADINGS.items() for heading in headings}

_BEFORE_UNICODE = ["cp1252", "mac_roman", "cp850"]
"""What French offices used before Unicode: Windows, Macintosh, DOS. With more choices, a guess
misleads."""

_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*$', re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_MOST_LINES, _LONGEST_RECORD = 50, 20_000
"""Lines and characters in which a quotation must be closed; else it counts as never closed."""


class ReadingError(PliError):
    """A file cannot be read as a table of people."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading as written, and the name of its field or attribute; "" if it has none."""

    heading: str
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its first line in the file, its cells by the column's name, and its fault."""

    line: int
    cells: dict[str, str]
    fault: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of people: its columns, and its rows in order.

    The first row begins at the offset `begins` of `text`, on the line `line` of the file.
    """

    columns: tuple[Column, ...]
    text: str
    delimiter: str
    begins: int
    line: int

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are not empty, one by one: a large file is never all in objects."""
        width = len(self.columns)
        for line, cells, text in _records(self.text, self.begins, self.line, self.delimiter, width):
            if cells is None:
                told = {"email": tidy(text)[:60]}
                yield Row(line, told, say(N_("a quotation mark is opened and never closed")))
            elif any(cell.strip() for cell in cells):
                surplus = sum(bool(cell.strip()) for cell in cells[width:])
                yield Row(
                    line,
                    {
                        column.name: tidy(cell)
                        for column, cell in zip(self.columns, cells, strict=False)
                        if column.name
                    },
                    say_n(
                        "there is a cell too many in this line",
                        "there are {n} cells too many in this line",
                        surplus,
                    )
                    if surplus
                    else None,
                )


def read(data: bytes, *, encoding: str | None = None) -> Sheet:
    """Read a file's bytes; raises ReadingError if they are no table with a column of addresses."""
    if data.startswith(b"PK\x03\x04"):
        raise ReadingError(N_("the file is a workbook: save it as CSV"))
    # For the databases, NUL ends a text; no office writes NUL on purpose.
    text = decode(data, encoding).removeprefix("\ufeff").replace("\0", "")
    begins, line, first = _first_line(text, 0, 1)
    delimiter = _delimiter(first)
    # Excel writes the line "sep=;" for itself: no guess at the delimiter is as sure.
    if separator_line := _SEPARATOR_LINE.match(first):
        delimiter = separator_line[1]
        begins, line, first = _first_line(text, begins + len(first), line)
    records = _records(text, begins, line, delimiter, None)
    _, headings, written = next(records)
    if headings is None:
        raise ReadingError(N_("the line of headings has a quotation mark that is not closed"))
    columns = _columns(headings)
    return Sheet(columns, text, delimiter, begins + len(written), line + _lines_in(written))


def decode(data: bytes, encoding: str | None = None) -> str:
    """Decode a file: in `encoding` if given, else as UTF-16 or UTF-8, else by a guess.

    Raises ReadingError if the file is not in `encoding`.
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
    if 3 * data.count(0) > len(data):  # every second byte of French text is 0 in UTF-16
        even = sum(byte == 0 for byte in data[:2000:2])
        odd = sum(byte == 0 for byte in data[1:2000:2])
        return data.decode("utf-16-be" if even > odd else "utf-16-le", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        # Only lines with accents tell encodings apart; the beginning of a large file may have few.
        telling = b"\n".join(it for it in data.splitlines() if not it.isascii())[:65_536]
        guess = from_bytes(telling, cp_isolation=_BEFORE_UNICODE).best()
        return data.decode(guess.encoding if guess else "cp1252", "replace")


def _first_line(text: str, begins: int, line: int) -> tuple[int, int, str]:
    """The first line that is not empty: its offset, its number, and its text."""
    for found in _LINE.finditer(text, begins):
        if found[0].strip(_DELIMITERS + " \r\n"):
            return found.start(), line, found[0].rstrip("\r\n")
        line += 1
    raise ReadingError(N_("the file is empty"))


def _lines_in(text: str) -> int:
    return text.count("\n") + len(re.findall(r"\r(?!\n)", text))


def _delimiter(line: str) -> str:
    """The delimiter that is most frequent in the heading line, outside of quotation marks."""
    outside = "".join(line.split('"')[::2])
    counted = Counter({it: outside.count(it) for it in _DELIMITERS})
    return max(_DELIMITERS, key=lambda it: counted[it])


def _records(
    text: str, begins: int, line: int, delimiter: str, width: int | None
) -> Iterator[tuple[int, list[str] | None, str]]:
    """Yield each record's line number, cells and text; no cells if a quotation is never closed."""
    while found := _LINE.match(text, begins):
        written = found[0]
        cells: list[str] | None
        if '"' not in written:
            cells = written.rstrip("\r\n").split(delimiter)
        else:
            written, cells = _quoted(text, begins, written, delimiter, width)
        yield line, cells, written
        begins += len(written)
        line += _lines_in(written) if '"' in written else 1


def _quoted(
    text: str, begins: int, first: str, delimiter: str, width: int | None
) -> tuple[str, list[str] | None]:
    """The text and cells of one record with quotation marks, which may enclose line ends.

    If a mark is never closed: the first line alone, and None. Such a mark would swallow all lines
    up to the next mark. Too many cells, or a mark where none can be, show that.
    """
    cells = _split(first, delimiter)
    if cells is not None or first.count('"') % 2 == 0:
        return first, cells if cells is not None else _split(first, delimiter, strict=False)
    record = first
    for _ in range(_MOST_LINES):
        found = _LINE.match(text, begins + len(record))
        if found is None or len(record) > _LONGEST_RECORD:
            break
        record += found[0]
        if record.count('"') % 2 == 0:
            cells = _split(record, delimiter)
            if cells is not None and (width is None or len(cells) <= width):
                return record, cells
    return first, None


def _split(record: str, delimiter: str, *, strict: bool = True) -> list[str] | None:
    try:
        records = list(csv.reader([record], delimiter=delimiter, strict=strict))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


def _columns(headings: list[str]) -> tuple[Column, ...]:
    columns = [Column(tidy(it), _name(it)) for it in headings]
    while columns and not columns[-1].heading:
        columns.pop()
    counted = Counter(it.name for it in columns if it.name)
    if twice := [it.heading for it in columns if counted[it.name] > 1]:
        raise ReadingError(
            N_("two columns mean the same: {headings}: take one away"), headings=", ".join(twice)
        )
    if any("@" in it.heading for it in columns):
        raise ReadingError(
            N_("the first line is a person already: put a line of headings before it")
        )
    if "email" not in counted:
        raise ReadingError(
            N_('no column holds addresses: give one the heading "Courriel" or "E-mail"')
        )
    return tuple(columns)


def _name(heading: str) -> str:
    return _FIELD_OF.get(slug(heading, " "), "") or attributes.name_of(heading)
