"""Many people at once, from a file, onto a list: with a basis, a source, and a report of each no.

An import never brings back somebody who left, and never writes to an address that objected.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pli.errors import PliError, reason_of
from pli.keys import Keys
from pli.language import N_, Sentence, say
from subscribers import attributes, consent, people, reading
from subscribers.address import Address, AddressError
from subscribers.models import (
    AttributeType,
    Basis,
    Import,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)
from subscribers.reading import ReadingError, Row, Sheet
from subscribers.values import Value, ValueFault, read_value

CHUNK = 500
"""Rows that are looked up and written together; well below SQLite's limit of bound values."""

LANGUAGES = ("fr", "en")


class RowFault(PliError):
    """A row cannot be taken as it is."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not taken: its line, what stood there, and why."""

    line: int
    value: str
    reason: Sentence


@dataclass(slots=True)
class ImportReport:
    """What came of the rows.

    `added` are new on the list, known or not; `objected` were skipped, for they had said no.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    objected: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows it counts."""
        counted = self.added + self.updated + self.unchanged + self.objected
        return counted + len(self.rejected)


@dataclass(frozen=True, slots=True)
class _Parsed:
    address: Address
    first_name: str | None
    last_name: str | None
    language: str | None
    attributes: dict[str, Value]


@dataclass(frozen=True, slots=True)
class _Work:
    """What one chunk of rows asks to be written."""

    fresh: list[_Parsed] = field(default_factory=list)
    changed: list[dict[str, object]] = field(default_factory=list)
    joining: list[int] = field(default_factory=list)


def read(path: Path, *, encoding: str | None = None) -> Sheet:
    """Read a file of people; raises ReadingError with its name."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReadingError(
            N_("{file}: cannot be read: {reason}"), file=str(path), reason=reason_of(error)
        ) from None
    try:
        return reading.read(data, encoding=encoding)
    except PliError as error:
        raise ReadingError(
            N_("{file}: {reason}"), file=str(path), reason=error.sentences[0]
        ) from None


async def preview(
    session: AsyncSession,
    sheet: Sheet,
    *,
    list_id: int | None,
    keys: Keys,
    progress: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    """What `run` would report now, with nothing written; no list: one that is yet to be made."""
    report = ImportReport()
    async for _ in _sorted(session, sheet, await _types(session, sheet), list_id, keys, report):
        progress(report.rows)
    return report


async def run(
    session: AsyncSession,
    sheet: Sheet,
    *,
    list_id: int,
    basis: Basis,
    source: str,
    keys: Keys,
    file: str = "",
    entered_by: str = "",
    progress: Callable[[int], None] = lambda _: None,
    now: datetime,
) -> ImportReport:
    """Take a sheet's people onto a list; all of it or, by the caller's transaction, nothing.

    Known people keep what the file does not say. `progress` hears how many rows are done.
    """
    types = await _types(session, sheet)
    for column in sheet.columns:
        if column.name in types:
            await attributes.declare(
                session, name=column.name, type=types[column.name], label=column.heading
            )
    report = ImportReport()
    async for work in _sorted(session, sheet, types, list_id, keys, report):
        if work.changed:
            await session.execute(update(Subscriber), work.changed)
        joining = work.joining
        if work.fresh:
            rows = [_new(it, keys, now) for it in work.fresh]
            joining += await session.scalars(insert(Subscriber).returning(Subscriber.id), rows)
        await consent.subscribe_many(
            session,
            subscriber_ids=joining,
            list_id=list_id,
            basis=basis,
            source=source,
            entered_by=entered_by,
            confirmed=True,
            now=now,
        )
        progress(report.rows)
    session.add(
        Import(
            file=file,
            list_id=list_id,
            basis=basis,
            source=source,
            at=now,
            added=report.added,
            updated=report.updated,
            unchanged=report.unchanged,
            rejected=len(report.rejected),
            objected=report.objected,
        )
    )
    await session.flush()
    return report


async def _types(session: AsyncSession, sheet: Sheet) -> dict[str, AttributeType]:
    """The types of the sheet's attributes; a column nobody declared is text."""
    known = await attributes.declared(session)
    return {
        column.name: known.get(column.name, AttributeType.TEXT)
        for column in sheet.columns
        if column.name and column.name not in attributes.BUILT_IN
    }


async def _sorted(
    session: AsyncSession,
    sheet: Sheet,
    types: dict[str, AttributeType],
    list_id: int | None,
    keys: Keys,
    report: ImportReport,
) -> AsyncIterator[_Work]:
    """What is to be written, a chunk at a time; the report counts while they pass."""
    await _plan_each_time(session)
    first_seen: dict[str, int] = {}
    rows = sheet.rows()
    while chunk := list(islice(rows, CHUNK)):
        parsed = list(_parsed(chunk, types, first_seen, report))
        yield await _sorted_chunk(session, parsed, list_id, keys, report)


async def _plan_each_time(session: AsyncSession) -> None:
    """Keep PostgreSQL from a plan made on empty tables: 100,000 rows took 236 s by it, not 13."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


def _parsed(
    rows: Sequence[Row],
    types: dict[str, AttributeType],
    first_seen: dict[str, int],
    report: ImportReport,
) -> Iterator[_Parsed]:
    for row in rows:
        try:
            parsed = _row(row, types)
        except AddressError as error:
            reason = error.reason
        except PliError as error:
            reason = error.sentences[0]
        else:
            line = first_seen.setdefault(parsed.address.folded, row.line)
            if line == row.line:
                yield parsed
                continue
            reason = say(N_("the address stands on line {line} already"), line=line)
        report.rejected.append(Rejected(row.line, row.cells.get("email", ""), reason))


def _row(row: Row, types: dict[str, AttributeType]) -> _Parsed:
    cells = row.cells
    if row.fault:
        raise RowFault.listing([row.fault])
    address = Address.parse(cells.get("email", ""))
    language = cells.get("language", "").lower()[:2]
    if language and language not in LANGUAGES:
        raise RowFault(N_('the language "{language}" is neither fr nor en'), language=language)
    names = cells.get("first_name", ""), cells.get("last_name", "")
    if any(len(name) > people.LONGEST_NAME for name in names):
        raise RowFault(N_("the name is longer than {n} characters"), n=people.LONGEST_NAME)
    values: dict[str, Value] = {}
    for name, type in types.items():
        if cell := cells.get(name):
            try:
                values[name] = read_value(cell, type)
            except ValueFault as fault:
                raise RowFault(
                    N_("{column}: {reason}"), column=name, reason=fault.sentences[0]
                ) from None
    return _Parsed(address, names[0] or None, names[1] or None, language or None, values)


async def _sorted_chunk(
    session: AsyncSession,
    parsed: Sequence[_Parsed],
    list_id: int | None,
    keys: Keys,
    report: ImportReport,
) -> _Work:
    known = await _known(session, [it.address.folded for it in parsed], list_id)
    address_keys = {it.address.folded: keys.address_key(it.address.folded) for it in parsed}
    suppressed = set(
        await session.scalars(
            select(Suppression.address_key).where(
                Suppression.address_key.in_(list(address_keys.values()))
            )
        )
    )
    work = _Work()
    for it in parsed:
        person, state, has_said_no = known.get(it.address.folded, (None, None, False))
        if has_said_no or address_keys[it.address.folded] in suppressed:
            report.objected += 1
            continue
        if person is None:
            work.fresh.append(it)
            report.added += 1
            continue
        changes = people.changes(
            person,
            first_name=it.first_name,
            last_name=it.last_name,
            language=it.language,
            attributes=it.attributes,
        )
        if changes:
            work.changed.append({"id": person.id, **changes})
        if state is not SubscriptionState.CONFIRMED:
            work.joining.append(person.id)
        if state is None:
            report.added += 1
        elif changes or state is SubscriptionState.UNCONFIRMED:
            report.updated += 1
        else:
            report.unchanged += 1
    return work


async def _known(
    session: AsyncSession, folded: Sequence[str], list_id: int | None
) -> dict[str, tuple[Subscriber, SubscriptionState | None, bool]]:
    rows = await session.execute(
        select(Subscriber, Subscription.state, consent.has_said_no())
        .outerjoin(
            Subscription,
            (Subscription.subscriber_id == Subscriber.id) & (Subscription.list_id == list_id),
        )
        .where(Subscriber.email_folded.in_(folded))
    )
    return {person.email_folded: (person, state, bool(no)) for person, state, no in rows}


def _new(it: _Parsed, keys: Keys, now: datetime) -> dict[str, object]:
    return people.row(
        address=it.address,
        keys=keys,
        first_name=it.first_name or "",
        last_name=it.last_name or "",
        language=it.language or "fr",
        attributes=it.attributes,
        now=now,
    )
