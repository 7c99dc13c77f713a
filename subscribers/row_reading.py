"""Reads one row of a file as a person; what is beside the point is left out and told.

A row is lost only for its address, or because its line is broken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pli.errors import PliError
from pli.language import N_, Sentence, say
from subscribers import doubtful, people
from subscribers.address import Address
from subscribers.csv_reading import Row, shortened
from subscribers.folding import slug
from subscribers.models import AttributeType
from subscribers.status_words import Standing, Statuses
from subscribers.values import Value, ValueFault, read_value

_LANGUAGES = {
    "fr": "fr", "fra": "fr", "fre": "fr", "francais": "fr", "francaise": "fr", "french": "fr",
    "franzosisch": "fr", "en": "en", "eng": "en", "anglais": "en", "anglaise": "en",
    "english": "en", "englisch": "en", "ingles": "en", "inglese": "en",
}  # fmt: skip


class RowFault(PliError):
    """A row cannot be imported as it is."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as a row gives it: what it does not give is None.

    `standing` is a no that the file says of the person, or YES. `notes` are what to tell.
    """

    line: int
    address: Address
    first_name: str | None
    last_name: str | None
    language: str | None
    attributes: dict[str, Value]
    standing: Standing = Standing.YES
    notes: tuple[Sentence, ...] = ()


def read_row(row: Row, types: Mapping[str, AttributeType], statuses: Statuses) -> PersonRow:
    """Read a row; raises AddressError or RowFault."""
    if row.fault:
        raise RowFault.listing([row.fault])
    address = Address.parse(row.cells.get("email", ""))
    standing = statuses.noes.get(address.folded, Standing.YES)
    if standing is Standing.YES and (fault := statuses.fault(row)):
        raise RowFault.listing([fault])
    notes = list(row.notes)
    if doubt := doubtful.doubt(address):
        notes.append(doubt)
    return PersonRow(
        line=row.line,
        address=address,
        first_name=_name(row.cells.get("first_name", ""), notes),
        last_name=_name(row.cells.get("last_name", ""), notes),
        language=_language(row.cells.get("language", ""), notes),
        attributes=_values(row.cells, types, notes),
        standing=standing,
        notes=tuple(notes),
    )


def _name(written: str, notes: list[Sentence]) -> str | None:
    if len(written) <= people.LONGEST_NAME:
        return written or None
    notes.append(
        say(
            N_('the name "{name}" is longer than {n} characters: left out'),
            name=shortened(written),
            n=people.LONGEST_NAME,
        )
    )
    return None


def _language(written: str, notes: list[Sentence]) -> str | None:
    """The language that a word or a code such as fr-FR says; None where nobody says one of ours."""
    words = slug(written[:200], " ").split(" ")
    if words[0] in _LANGUAGES:
        return _LANGUAGES[words[0]]
    if written:
        notes.append(
            say(N_('the language "{language}" is neither fr nor en'), language=shortened(written))
        )
    return None


def _values(
    cells: Mapping[str, str], types: Mapping[str, AttributeType], notes: list[Sentence]
) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, type in types.items():
        if cell := cells.get(name):
            try:
                values[name] = read_value(cell, type)
            except ValueFault as fault:
                notes.append(
                    say(
                        N_("{column}: {reason}: left out"),
                        column=name,
                        reason=fault.sentences[0],
                    )
                )
    return values
