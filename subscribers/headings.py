"""Finds the line of headings in a file of people, its delimiter, and what each column means."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pli.errors import PliError
from pli.language import N_
from subscribers import attributes
from subscribers.folding import slug, tidy
from subscribers.records import Record, Shape, is_address, records

DELIMITERS = ";,\t|"
_DELIMITER_NAMES = {
    "tab": "\t", "\\t": "\t", "tabulation": "\t", "semicolon": ";", "point-virgule": ";",
    "comma": ",", "virgule": ",", "pipe": "|",
}  # fmt: skip
_HEADINGS = {
    "email": (
        "email", "e mail", "mail", "courriel", "adresse electronique", "adresse mail", "mel",
        "adresse email", "adresse e mail", "adresse courriel", "adresse de courriel",
        "adresse de messagerie", "email address", "e mail address", "mail address", "emails",
        "e mails", "mails", "courriels", "courrier electronique",
        "adresse de courrier electronique",
        "votre e mail", "votre email", "votre mail", "votre courriel", "votre adresse e mail",
        "votre adresse email", "votre adresse mail", "e mail 1 value", "mail adresse",
        "subscriber email", "contact email", "adresses mail", "adresses e mail", "adresses email",
    ),
    "first_name": (
        "prenom", "prenoms", "prenom s", "first name", "firstname", "given name", "forename",
        "votre prenom",
    ),
    "last_name": (
        "nom", "nom de famille", "last name", "lastname", "surname", "family name", "votre nom",
    ),
    "language": ("langue", "language", "lang", "langue de correspondance", "preferred language"),
}  # fmt: skip
_FIELD_OF = {heading: field for field, headings in _HEADINGS.items() for heading in headings}

_MARKS = re.compile(
    r"\(\s*(?:champs?\s+)?(?:obligatoires?|requise?s?|required|mandatory|facultati(?:f|ve)s?"
    r"|optionnel(?:le)?s?|optional)\s*\)|\*",
    re.IGNORECASE,
)
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_SEPARATOR_LINE = re.compile(r"\"?sep=([^\w\s\"'@]|\t)\"?\s*$", re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n)|[^\r\n]++\Z")
_TRIED = 60
"""So many records show which column holds addresses."""
_LONGEST_LINE = 50_000
"""Characters of a line of headings: far more than any spreadsheet has."""
_FARTHEST = 20
"""The headings stand among so many first records."""


class ReadingError(PliError):
    """A file cannot be read as a table of people."""


@dataclass(frozen=True, slots=True)
class Column:
    """A heading as written, and the name of its field or attribute; "" if it has none."""

    heading: str
    name: str


@dataclass(frozen=True, slots=True)
class Headings:
    """The columns and the delimiter of a table, the line of its headings, where its rows begin."""

    columns: tuple[Column, ...]
    delimiter: str
    line: int
    begins: int
    first_row_line: int

    @property
    def shape(self) -> Shape:
        """What its records look like."""
        return Shape(len(self.columns), [it.name for it in self.columns].index("email"))


@dataclass(frozen=True, slots=True)
class _Trial:
    """The first records of a file, divided by one delimiter."""

    delimiter: str
    records: Sequence[Record]

    def headings_at(self) -> int | None:
        """Which record has a heading for addresses; None if none before the first person has."""
        for at, record in enumerate(self.records[: min(self.first_person(), _FARTHEST)]):
            if any(_field(it) == "email" for it in record.cells or ()):
                return at
        return None

    def first_person(self) -> int:
        """The first record with an address; the number of records if none has."""
        holding = (
            at
            for at, record in enumerate(self.records)
            if any(is_address(it) for it in record.cells or ())
        )
        return next(holding, len(self.records))

    def columns_of_addresses(self, headings_at: int) -> list[int]:
        """The columns under these headings most of whose cells are addresses."""
        rows = [it.cells for it in self.records[headings_at + 1 :] if it.cells]
        found = []
        for column in range(max((len(it) for it in rows), default=0)):
            filled = [it[column] for it in rows if column < len(it) and it[column].strip()]
            if filled and sum(map(is_address, filled)) * 5 >= len(filled) * 4:
                found.append(column)
        return found

    def fitness(self) -> tuple[float, ...]:
        """How well this delimiter divides the file: more is better."""
        at = self.headings_at()
        if at is None:
            before = self.first_person() - 1
            lone = before >= 0 and len(self.columns_of_addresses(before)) == 1
            return (0, 1, 0, 0) if lone else (-1, 0, 0, self._width())
        headings = self.records[at].cells or []
        email = next(n for n, it in enumerate(headings) if _field(it) == "email")
        rows = self.records[at + 1 :]
        fitting = sum(
            is_address(it.cells[email]) for it in rows if it.cells and email < len(it.cells)
        )
        known = sum(_field(it) != "" for it in headings)
        return (1, fitting / len(rows) if rows else 1.0, known, len(headings))

    def _width(self) -> int:
        return len(self.records[0].cells or ()) if self.records else 0


def find(text: str, delimiter: str | None = None) -> Headings:
    """Find the headings of a text; raises ReadingError if it is no table with addresses."""
    begins, line, first = _first_line(text, 0, 1)
    # Excel writes the line "sep=;" for itself: no guess at the delimiter is as sure.
    if separator_line := _SEPARATOR_LINE.match(first):
        delimiter = delimiter or separator_line[1]
        begins, line, first = _first_line(text, begins + len(first), line)
    if len(first) > _LONGEST_LINE:
        raise ReadingError(
            N_("line {line} is longer than {n} characters: is this a table?"),
            line=line,
            n=_LONGEST_LINE,
        )
    trials = [
        _Trial(it, list(islice(_filled(text, begins, line, it), _TRIED)))
        for it in (DELIMITERS if delimiter is None else delimiter)
    ]
    return _read(max(trials, key=_Trial.fitness))


def read_delimiter(written: str) -> str:
    """A delimiter as a person writes it: one sign, or "tab"; raises ReadingError."""
    sign = _DELIMITER_NAMES.get(written.casefold(), written)
    if (
        len(sign) != 1
        or sign.isalnum()
        or sign in "\"'@._-\r\n\0"
        or not (sign.isprintable() or sign == "\t")
    ):
        raise ReadingError(
            N_("--delimiter {sign}: give one sign, such as ; or , or the word tab"),
            sign=repr(written)[1:-1],
        )
    return sign


def _first_line(text: str, begins: int, line: int) -> tuple[int, int, str]:
    """The first line that is not empty: its offset, its number, and its text."""
    for found in _LINE.finditer(text, begins):
        if found[0].strip(DELIMITERS + " \r\n"):
            return found.start(), line, found[0].rstrip("\r\n")
        line += 1
    raise ReadingError(N_("the file is empty"))


def _filled(text: str, begins: int, line: int, delimiter: str) -> Iterator[Record]:
    for record in records(text, begins, line, delimiter):
        if record.cells is None or any(it.strip() for it in record.cells):
            yield record


def _read(trial: _Trial) -> Headings:
    at = trial.headings_at()
    person = trial.first_person()
    if at is None and person == 0:
        raise ReadingError(
            N_("the first line is a person already: put a line of headings before it")
        )
    if at is None:
        at = person - 1 if person < len(trial.records) else 0
    record = trial.records[at]
    if record.cells is None:
        raise ReadingError(N_("the line of headings has a quotation mark that is not closed"))
    rows = trial.records[at + 1 :]
    columns = _columns(record, _addresses_under(trial, at, record), rows)
    return Headings(columns, trial.delimiter, record.line, record.ends, record.next_line)


def _addresses_under(trial: _Trial, at: int, record: Record) -> int | None:
    """Which column holds addresses although its heading does not say so; None if one says so."""
    if any(_field(it) == "email" for it in record.cells or ()):
        return None
    found = trial.columns_of_addresses(at)
    headings = [tidy(it) for it in record.cells or ()]
    if len(found) == 1:
        return found[0]
    if found:
        raise ReadingError(
            N_(
                "several columns hold addresses: {headings}: "
                'give the right one the heading "Courriel" or "E-mail"'
            ),
            headings=", ".join(headings[it] if it < len(headings) else "–" for it in found),
        )
    raise ReadingError(
        N_(
            "no column holds addresses: line {line} was taken for the headings ({headings}): "
            'give one the heading "Courriel" or "E-mail"'
        ),
        line=record.line,
        headings=_shortened(", ".join(filter(None, headings))),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else text[:200] + "…"


def _columns(
    record: Record, addresses_at: int | None, rows: Sequence[Record]
) -> tuple[Column, ...]:
    headings = [tidy(it) for it in record.cells or ()]
    headings += [""] * (max(_width_of(rows), (addresses_at or 0) + 1) - len(headings))
    names = _names(headings)
    if addresses_at is not None:
        names[addresses_at] = "email"
    counted = Counter(filter(None, names))
    twice = [it for it, name in zip(headings, names, strict=True) if counted[name] > 1]
    if twice:
        raise ReadingError(
            N_("two columns mean the same: {headings}: take one away"), headings=", ".join(twice)
        )
    return tuple(Column(it, name) for it, name in zip(headings, names, strict=True))


def _width_of(rows: Sequence[Record]) -> int:
    """How many cells half of the rows fill: a last column may have no heading."""
    widths = sorted(_filled_width(it.cells) for it in rows if it.cells)
    return widths[len(widths) // 2] if widths else 0


def _filled_width(cells: Sequence[str]) -> int:
    return max((at for at, it in enumerate(cells, start=1) if it.strip()), default=0)


def _names(headings: Sequence[str]) -> list[str]:
    """The field or attribute of each heading.

    Where no heading is exactly a field's, one with an addition in parentheses is: Nom (usage).
    """
    fields = [_field(it) for it in headings]
    bare = [
        "" if field else field_of(_PARENTHESES.sub(" ", it))
        for it, field in zip(headings, fields, strict=True)
    ]
    counted = Counter(bare)
    return [
        field
        or (less if counted[less] == 1 and less not in fields else "")
        or attributes.name_of(_MARKS.sub(" ", heading))
        for heading, field, less in zip(headings, fields, bare, strict=True)
    ]


def _field(heading: str) -> str:
    return field_of(_MARKS.sub(" ", heading))


def field_of(heading: str) -> str:
    """The field that a heading names, such as last_name for *Nom*; "" for an attribute."""
    return _FIELD_OF.get(slug(heading[:200], " "), "")
