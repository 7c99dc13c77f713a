"""Many people at once, from a file, onto a list: with a basis, a source, and a report of each no.

An import never brings back somebody who left, and never writes to an address that objected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from pli.errors import PliError
from pli.keys import Keys
from pli.language import N_, Sentence, say
from subscribers import attributes, people, reading
from subscribers.address import Address, AddressError
from subscribers.models import (
    AttributeType,
    Basis,
    ConsentEvent,
    ConsentRecord,
    Import,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)
from subscribers.reading import ReadingError, Row, Sheet
from subscribers.values import Value, read_value

CHUNK = 500
"""Rows that are looked up and written together; well below SQLite's limit of bound values."""

LANGUAGES = ("fr", "en")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not taken: its line, what stood there, and why."""

    line: int
    value: str
    reason: Sentence


@dataclass(slots=True)
class ImportReport:
    """What came of the rows; `objected` were skipped because those people had said no."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    objected: int = 0
    rejected: list[Rejected] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Parsed:
    line: int
    address: Address
    first_name: str | None
    last_name: str | None
    language: str | None
    attributes: dict[str, Value]


def read(path: Path, *, encoding: str | None = None) -> Sheet:
    """Read a file of people; raises ReadingError with its name."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReadingError(
            N_("{file}: cannot be read: {reason}"), file=str(path), reason=error.strerror
        ) from None
    try:
        return reading.read(data, encoding=encoding)
    except PliError as error:
        raise ReadingError(
            N_("{file}: {reason}"), file=str(path), reason=error.sentences[0]
        ) from None


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
    types = await _declared(session, sheet)
    report = ImportReport()
    seen: set[str] = set()
    done = 0
    rows = sheet.rows()
    while chunk := list(islice(rows, CHUNK)):
        parsed = list(_parsed(chunk, types, seen, report))
        await _take(session, parsed, report, list_id, basis, source, entered_by, keys, now)
        done += len(chunk)
        progress(done)
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


async def _declared(session: AsyncSession, sheet: Sheet) -> dict[str, AttributeType]:
    """The types of the sheet's attributes; a column nobody declared becomes text."""
    known = await attributes.declared(session)
    fields = ("email", "first_name", "last_name", "language", "")
    for column in sheet.columns:
        if column.name not in fields and column.name not in known:
            await attributes.declare(
                session, name=column.name, type=AttributeType.TEXT, label=column.heading
            )
            known[column.name] = AttributeType.TEXT
    return known


def _parsed(
    rows: Sequence[Row], types: dict[str, AttributeType], seen: set[str], report: ImportReport
) -> Iterator[_Parsed]:
    for row in rows:
        cells = row.cells
        raw = cells.get("email", "")
        try:
            parsed = _row(row, types)
        except AddressError as error:
            report.rejected.append(Rejected(row.line, raw, error.reason))
            continue
        except PliError as error:
            report.rejected.append(Rejected(row.line, raw, error.sentences[0]))
            continue
        if parsed.address.folded in seen:
            reason = say(N_("the address stands in the file already"))
            report.rejected.append(Rejected(row.line, raw, reason))
            continue
        seen.add(parsed.address.folded)
        yield parsed


def _row(row: Row, types: dict[str, AttributeType]) -> _Parsed:
    cells = row.cells
    if row.surplus:
        raise ReadingError(N_("there are {n} cells too many in this line"), n=row.surplus)
    address = Address.parse(cells.get("email", ""))
    language = cells.get("language", "").lower()[:2]
    if language and language not in LANGUAGES:
        raise ReadingError(N_('the language "{language}" is neither fr nor en'), language=language)
    values: dict[str, Value] = {}
    for name, cell in cells.items():
        if name in types and cell:
            try:
                values[name] = read_value(cell, types[name])
            except PliError as error:
                raise ReadingError(
                    N_("{column}: {reason}"), column=name, reason=error.sentences[0]
                ) from None
    return _Parsed(
        row.line,
        address,
        cells.get("first_name", "")[: people.LONGEST_NAME] or None,
        cells.get("last_name", "")[: people.LONGEST_NAME] or None,
        language or None,
        values,
    )


async def _take(
    session: AsyncSession,
    parsed: Sequence[_Parsed],
    report: ImportReport,
    list_id: int,
    basis: Basis,
    source: str,
    entered_by: str,
    keys: Keys,
    now: datetime,
) -> None:
    known = await _known(session, [it.address.folded for it in parsed], list_id)
    address_keys = {it.address.folded: keys.address_key(it.address.folded) for it in parsed}
    suppressed = set(
        await session.scalars(
            select(Suppression.address_key).where(
                Suppression.address_key.in_(list(address_keys.values()))
            )
        )
    )
    fresh: list[_Parsed] = []
    joining: list[int] = []
    confirming: list[int] = []
    for it in parsed:
        person, state = known.get(it.address.folded, (None, None))
        if address_keys[it.address.folded] in suppressed or state is SubscriptionState.LEFT:
            report.objected += 1
        elif person is None:
            fresh.append(it)
        else:
            changed = _changed(person, it)
            if state is None:
                joining.append(person.id)
            elif state is SubscriptionState.UNCONFIRMED:
                confirming.append(person.id)
            if changed or state is not SubscriptionState.CONFIRMED:
                report.updated += 1
            else:
                report.unchanged += 1
    if fresh:
        ids = await session.scalars(
            insert(Subscriber).returning(Subscriber.id), [_new(it, keys, now) for it in fresh]
        )
        joining += ids.all()
        report.added += len(fresh)
    await _subscribe(session, joining, list_id, basis, now)
    if confirming:
        await session.execute(
            update(Subscription)
            .where(Subscription.list_id == list_id, Subscription.subscriber_id.in_(confirming))
            .values(state=SubscriptionState.CONFIRMED, basis=basis, since=now)
        )
    records = [
        {
            "subscriber_id": person_id,
            "list_id": list_id,
            "event": ConsentEvent.SUBSCRIBED,
            "basis": basis,
            "source": source,
            "wording": "",
            "entered_by": entered_by,
            "at": now,
        }
        for person_id in (*joining, *confirming)
    ]
    if records:
        await session.execute(insert(ConsentRecord), records)


async def _known(
    session: AsyncSession, folded: Sequence[str], list_id: int
) -> dict[str, tuple[Subscriber, SubscriptionState | None]]:
    rows = await session.execute(
        select(Subscriber, Subscription.state)
        .outerjoin(
            Subscription,
            (Subscription.subscriber_id == Subscriber.id) & (Subscription.list_id == list_id),
        )
        .where(Subscriber.email_folded.in_(folded))
    )
    return {person.email_folded: (person, state) for person, state in rows}


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


def _changed(person: Subscriber, it: _Parsed) -> bool:
    """Write what the file says otherwise; whether it said anything."""
    row = people.changes(
        person,
        first_name=it.first_name,
        last_name=it.last_name,
        language=it.language,
        attributes=it.attributes,
    )
    for name, value in row.items():
        setattr(person, name, value)
    return bool(row)


async def _subscribe(
    session: AsyncSession, ids: Iterable[int], list_id: int, basis: Basis, now: datetime
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "subscriber_id": person_id,
            "list_id": list_id,
            "state": SubscriptionState.CONFIRMED,
            "paused": False,
            "basis": basis,
            "since": now,
        }
        for person_id in ids
    ]
    if rows:
        await session.execute(insert(Subscription), rows)
