"""Imports people from a file onto a list, with a basis and a source; reports each rejected row.

An import never brings back a person who left, and never takes a suppressed address.
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
from subscribers import attributes, consent, csv_reading, people
from subscribers.address import Address, AddressError
from subscribers.csv_reading import ReadingError, Row, Sheet
from subscribers.models import (
    AttributeType,
    Basis,
    Import,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)
from subscribers.values import Value, ValueFault, read_value

CHUNK = 500
"""Rows that are looked up and written together: far fewer than SQLite's limit of bound values."""

LANGUAGES = ("fr", "en")


class RowFault(PliError):
    """A row cannot be imported as it is."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is not imported: its line, the address as written, and the reason."""

    line: int
    value: str
    reason: Sentence


@dataclass(slots=True)
class ImportReport:
    """What became of the rows.

    `added` people are new on the list, whether or not they were known. `objected` people were
    skipped: they had left, or their address is suppressed.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    objected: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows the report counts."""
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
class _Writes:
    """What to write for one chunk of rows: new people, changed columns, ids to subscribe."""

    fresh: list[_Parsed] = field(default_factory=list)
    changed: list[dict[str, object]] = field(default_factory=list)
    joining: list[int] = field(default_factory=list)


def read(path: Path, *, encoding: str | None = None) -> Sheet:
    """Read a file of people; raises ReadingError, which names the file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReadingError(
            N_("{file}: cannot be read: {reason}"), file=str(path), reason=reason_of(error)
        ) from None
    try:
        return csv_reading.read(data, encoding=encoding)
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
    """What `run` would report now; writes nothing. `list_id` None: the list is yet to be made."""
    report = ImportReport()
    async for _ in _by_chunk(session, sheet, await _types(session, sheet), list_id, keys, report):
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
    """Import a sheet's people onto a list: all of them or, by the caller's transaction, none.

    Known people keep each value that the file does not give. `progress` is called with the number
    of rows done so far.
    """
    types = await _types(session, sheet)
    for column in sheet.columns:
        if column.name in types:
            await attributes.declare(
                session, name=column.name, type=types[column.name], label=column.heading
            )
    report = ImportReport()
    async for writes in _by_chunk(session, sheet, types, list_id, keys, report):
        if writes.changed:
            await session.execute(update(Subscriber), writes.changed)
        joining = writes.joining
        if writes.fresh:
            rows = [_new(it, keys, now) for it in writes.fresh]
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
    """The types of the sheet's attributes; a column that nobody declared is text."""
    known = await attributes.declared(session)
    return {
        column.name: known.get(column.name, AttributeType.TEXT)
        for column in sheet.columns
        if column.name and column.name not in attributes.BUILT_IN
    }


async def _by_chunk(
    session: AsyncSession,
    sheet: Sheet,
    types: dict[str, AttributeType],
    list_id: int | None,
    keys: Keys,
    report: ImportReport,
) -> AsyncIterator[_Writes]:
    """Yield what is to be written for each chunk of rows, and count the rows in `report`."""
    await _plan_each_time(session)
    first_seen: dict[str, int] = {}
    rows = sheet.rows()
    while chunk := list(islice(rows, CHUNK)):
        parsed = list(_parsed(chunk, types, first_seen, report))
        yield await _chunk_writes(session, parsed, list_id, keys, report)


async def _plan_each_time(session: AsyncSession) -> None:
    """Make PostgreSQL plan each statement anew.

    With a plan made while the tables were empty, 100,000 rows took 236 s instead of 13 s.
    """
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


async def _chunk_writes(
    session: AsyncSession,
    parsed: Sequence[_Parsed],
    list_id: int | None,
    keys: Keys,
    report: ImportReport,
) -> _Writes:
    known = await _known(session, [it.address.folded for it in parsed], list_id)
    address_keys = {it.address.folded: keys.address_key(it.address.folded) for it in parsed}
    suppressed = set(
        await session.scalars(
            select(Suppression.address_key).where(
                Suppression.address_key.in_(list(address_keys.values()))
            )
        )
    )
    writes = _Writes()
    for it in parsed:
        person, state, has_said_no = known.get(it.address.folded, (None, None, False))
        if has_said_no or address_keys[it.address.folded] in suppressed:
            report.objected += 1
            continue
        if person is None:
            writes.fresh.append(it)
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
            writes.changed.append({"id": person.id, **changes})
        if state is not SubscriptionState.CONFIRMED:
            writes.joining.append(person.id)
        if state is None:
            report.added += 1
        elif changes or state is SubscriptionState.UNCONFIRMED:
            report.updated += 1
        else:
            report.unchanged += 1
    return writes


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
