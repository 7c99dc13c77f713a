"""Reads what a file says of its people: who left, bounced, complained or objected elsewhere.

Exports of other systems have a status column, or one column for each no. A no in any of them makes
nobody a subscriber. A word that nobody knows is left to a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pli.errors import PliError
from pli.language import N_, Sentence, say
from subscribers.address import Address, AddressError
from subscribers.csv_reading import Row, Sheet, shortened
from subscribers.folding import slug
from subscribers.status_table import (
    NO_HEADINGS,
    NOT,
    NOTHING,
    OF_UNIONS,
    PERHAPS_STATUS,
    STANDING_OF,
    STATUS_HEADINGS,
    TELLING,
    YES,
    YES_HEADINGS,
    Standing,
)

__all__ = ["Standing", "Statuses", "UnknownWord", "answer", "read_answers", "survey"]


_TELLING_AT_MOST = max(map(len, TELLING)) + 8
_FEMININE = re.compile(r"\((?:e|ne|ée|te)\)|[·.]e\b", re.IGNORECASE)
_DATE = re.compile(r"(?:\d{1,4}[-/.]){2}\d{2,4}\b", re.ASCII)
_STRENGTH = {it: n for n, it in enumerate(Standing)}


class StatusFault(PliError):
    """A `--status` cannot be read."""


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """A word of a status column that nobody knows: how often it stands there, and where first."""

    heading: str
    word: str
    rows: int
    line: int


@dataclass(frozen=True, slots=True)
class Statuses:
    """What a file says of its people.

    `answers` are the meanings that a person gave to words. `noes` hold, by folded address, the
    strongest no that any of the address's rows says. `unknown` words stand without an answer.
    """

    rows: int = 0
    answers: Mapping[str, Standing] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    noes: Mapping[str, Standing] = field(default_factory=dict)
    unknown: Sequence[UnknownWord] = ()

    def fault(self, row: Row) -> Sentence | None:
        """Why a row makes nobody a subscriber although it says no no; None if it may."""
        for name, heading in self.columns.items():
            word = row.cells.get(name, "")
            standing = _standing(heading, word, self.answers)
            if standing is Standing.UNCONFIRMED:
                return say(
                    N_('{column} says "{word}": the person never confirmed'),
                    column=heading,
                    word=shortened(word),
                )
            if standing is None and word:
                return say(
                    N_('{column} says "{word}": nobody said what that means'),
                    column=heading,
                    word=shortened(word),
                )
        return None


def read_answers(pairs: Sequence[str]) -> dict[str, Standing]:
    """The meanings that a person gives to words, such as `suspendu=left`; raises StatusFault."""
    answers = {}
    for pair in pairs:
        word, equals, meaning = pair.rpartition("=")
        try:
            answers[_key(word)] = Standing("yes" if meaning == "oui" else meaning.strip())
        except ValueError:
            equals = ""
        if not equals or not word.strip():
            raise StatusFault(
                N_("--status {pair}: write WORD=MEANING, the meaning one of {meanings}"),
                pair=pair,
                meanings=", ".join(it.value for it in Standing),
            )
    return answers


def answer(word: str, standing: Standing) -> dict[str, Standing]:
    """One word and the meaning that a person gave to it, as `survey` takes it."""
    return {_key(word): standing}


def survey(sheet: Sheet, answers: Mapping[str, Standing] | None = None) -> Statuses:
    """Look through all rows of a sheet for what they say of their people."""
    answers = answers or {}
    columns = _status_columns(sheet)
    noes: dict[str, Standing] = {}
    unknown: dict[tuple[str, str], UnknownWord] = {}
    rows = 0
    for row in sheet.rows():
        rows += 1
        said = _said(row, columns, answers)
        if said is not None and said.is_no:
            _note(noes, row, said)
        for name, heading in columns.items():
            word = row.cells.get(name, "")
            if word and _standing(heading, word, answers) is None:
                first = UnknownWord(heading, word, 0, row.line)
                known = unknown.get((heading, _key(word)), first)
                unknown[heading, _key(word)] = replace(known, rows=known.rows + 1)
    return Statuses(rows, answers, columns, noes, tuple(unknown.values()))


def _note(noes: dict[str, Standing], row: Row, said: Standing) -> None:
    try:
        folded = Address.parse(row.cells.get("email", "")).folded
    except AddressError:
        return
    noes[folded] = max(said, noes.get(folded, said), key=_STRENGTH.__getitem__)


def _said(row: Row, columns: Mapping[str, str], answers: Mapping[str, Standing]) -> Standing | None:
    """The strongest that a row says of its person."""
    said = []
    for name, cell in row.cells.items():
        if not cell or name in ("email", "first_name", "last_name"):
            continue
        standing = _standing(columns[name], cell, answers) if name in columns else None
        if standing is None and len(cell) < _TELLING_AT_MOST and (key := _key(cell)) in TELLING:
            standing = STANDING_OF[key]
        if standing is not None:
            said.append(standing)
    return max(said, key=_STRENGTH.__getitem__, default=None)


def _status_columns(sheet: Sheet) -> dict[str, str]:
    """The columns that say something of a subscription: name and heading."""
    found = {}
    perhaps = {}
    for column in sheet.columns:
        heading = slug(column.heading[:200], " ")
        if heading in STATUS_HEADINGS or heading in NO_HEADINGS or heading in YES_HEADINGS:
            found[column.name] = column.heading
        elif heading in PERHAPS_STATUS:
            perhaps[column.name] = column.heading
    for name, heading in perhaps.items():
        words = {_key(row.cells.get(name, "")[:80]) for row in sheet.rows()}
        if any(word in STANDING_OF and not word.isdigit() for word in words):
            found[name] = heading
    return found


def _standing(heading: str, word: str, answers: Mapping[str, Standing]) -> Standing | None:
    """What a word says under a heading; None if nobody knows."""
    key = _key(word)
    if key in answers:
        return answers[key]
    heading = _key(heading)
    if key in NOTHING:
        return Standing.YES
    if heading in NO_HEADINGS:
        if key in NOT or key in ("soft", "soft bounce", "soft bounced"):
            return Standing.YES
        if key in YES or _DATE.search(word):
            return NO_HEADINGS[heading]
        standing = _meaning(key)
        return standing if standing is not None and standing.is_no else None
    if heading in YES_HEADINGS:
        return Standing.LEFT if key in NOT else _meaning(key) or Standing.YES
    return _meaning(key)


def _meaning(key: str) -> Standing | None:
    """What a word means in itself; "unsubscribed on 2026-01-02" means what its beginning does."""
    if key in OF_UNIONS:
        return Standing.YES
    if key in STANDING_OF:
        return STANDING_OF[key]
    beginnings = (" ".join(key.split(" ")[:n]) for n in (3, 2, 1))
    return next((STANDING_OF[it] for it in beginnings if it in TELLING), None)


@lru_cache(maxsize=4096)
def _key(word: str) -> str:
    """A word without case, accents and signs, and without the e of "désinscrit(e)"."""
    word = word[:200]
    return slug(_FEMININE.sub("", word), " ") or word.strip().casefold()
