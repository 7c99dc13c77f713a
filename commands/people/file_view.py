"""Shows how a file of people was read, before the import, so that a person sees a wrong guess."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pli.language import N_, Sentence, say
from subscribers.csv_reading import Column, Row, Sheet, shortened
from subscribers.encodings import NAMES
from subscribers.folding import visible
from subscribers.status_words import Statuses

SHOWN_CELLS = 8

_FIELDS = {
    "email": N_("the address"),
    "first_name": N_("the first name"),
    "last_name": N_("the last name"),
    "language": N_("the language"),
}


def document(sheet: Sheet, statuses: Statuses) -> dict[str, Any]:
    """How a file was read, for scripts."""
    return {
        "encoding": sheet.encoding,
        "delimiter": sheet.delimiter,
        "headings_line": sheet.headings_line,
        "columns": [
            {
                "heading": it.heading,
                "taken_for": it.name or None,
                "says_who_left": it.name in statuses.columns,
            }
            for it in sheet.columns
        ],
        "sample": [{"line": it.line, **it.cells} for it in sheet.sample()],
    }


def sentences(sheet: Sheet, statuses: Statuses, file: Path) -> Iterator[Sentence]:
    """How a file was read, for a person: encoding, delimiter, columns, and some rows."""
    yield say(
        N_("{file}: read as {encoding}, divided by {delimiter}, headings on line {line}"),
        file=file.name,
        encoding=NAMES.get(sheet.encoding, sheet.encoding),
        delimiter=_shown(sheet.delimiter),
        line=sheet.headings_line,
    )
    for column in sheet.columns:
        if column.heading or column.name:
            yield say(
                N_("  {heading}: {taken_for}"),
                heading=shortened(column.heading) or "–",
                taken_for=_taken_for(column, statuses),
            )
    for row in sheet.sample():
        yield say(N_("  line {line}: {cells}"), line=row.line, cells=_cells(row))


def _shown(delimiter: str) -> str | Sentence:
    return say(N_("tabs")) if delimiter == "\t" else delimiter


def _taken_for(column: Column, statuses: Statuses) -> Sentence:
    if column.name in statuses.columns:
        return say(N_("says who left (and is the attribute {name})"), name=column.name)
    if column.name in _FIELDS:
        return say(_FIELDS[column.name])
    if column.name:
        return say(N_("the attribute {name}"), name=column.name)
    return say(N_("left out: no Latin letter in the heading makes a name"))


def _cells(row: Row) -> str:
    filled = [shortened(visible(it)) for it in row.cells.values() if it]
    return " | ".join(filled[:SHOWN_CELLS]) + (" | …" if len(filled) > SHOWN_CELLS else "")
