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
from subscribers import attributes, consent, csv_reading, optout, people, status_words
from subscribers.address import AddressError, shortened
from subscribers.csv_reading import ReadingError, Row, Sheet
from subscribers.models import (
    AttributeType,
    Basis,
    Import,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from subscribers.row_reading import PersonRow, read_row
from subscribers.status_words import Standing, Statuses

CHUNK = 500
"""Rows that are looked up and written together: far fewer than SQLite's limit of bound values."""

_SUPPRESSING = {
    Standing.BOUNCED: SuppressionReason.HARD_BOUNCE,
    Standing.COMPLAINED: SuppressionReason.COMPLAINT,
    Standing.OBJECTED: SuppressionReason.OBJECTION,
}
"""What is said of a person that bars the address from every list."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is not imported: its line, the address as written, and the reason."""

    line: int
    value: str
    reason: Sentence


@dataclass(frozen=True, slots=True)
class Noted:
    """A row that is imported, and what to tell of it: what was left out, what is doubtful."""

    line: int
    value: str
    reason: Sentence


@dataclass(slots=True)
class ImportReport:
    """What became of the rows.

    `added` people are new on the list, whether or not they were known. `objected` people were
    skipped: they had left, or their address is suppressed. The file says of `left` people that they
    left, and of `suppressed` ones that they bounced, complained or objected: both are kept so.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    objected: int = 0
    left: int = 0
    suppressed: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    noted: list[Noted] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows the report counts."""
        taken = self.added + self.updated + self.unchanged
        return taken + self.objected + self.left + self.suppressed + len(self.rejected)


@dataclass(frozen=True, slots=True)
class _Writes:
    """What to write for one chunk of rows: new people, changed columns, ids to subscribe.

    The file says no for `gone` people, who are new, for those of the ids `leaving`, and for the
    addresses `barred`.
    """

    fresh: list[PersonRow] = field(default_factory=list)
    changed: list[dict[str, object]] = field(default_factory=list)
    joining: list[int] = field(default_factory=list)
    gone: list[PersonRow] = field(default_factory=list)
    leaving: list[int] = field(default_factory=list)
    barred: list[tuple[bytes, SuppressionReason]] = field(default_factory=list)


def read(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> Sheet:
    """Read a file of people; raises ReadingError, which names the file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReadingError(
            N_("{file}: cannot be read: {reason}"), file=str(path), reason=reason_of(error)
        ) from None
    try:
        sheet = csv_reading.read(data, encoding=encoding, delimiter=delimiter)
        if next(sheet.rows(), None) is None:
            raise ReadingError(N_("there are headings, and nobody stands below them"))
    except PliError as error:
        raise ReadingError(
            N_("{file}: {reason}"), file=str(path), reason=error.sentences[0]
        ) from None
    return sheet


async def preview(
    session: AsyncSession,
    sheet: Sheet,
    *,
    list_id: int | None,
    keys: Keys,
    statuses: Statuses | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    """What `run` would report now; writes nothing. `list_id` None: the list is yet to be made."""
    statuses = statuses or status_words.survey(sheet)
    types = await _types(session, sheet)
    report = ImportReport()
    async for _ in _by_chunk(session, sheet, types, statuses, list_id, keys, report):
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
    statuses: Statuses | None = None,
    progress: Callable[[int], None] = lambda _: None,
    now: datetime,
) -> ImportReport:
    """Import a sheet's people onto a list: all of them or, by the caller's transaction, none.

    Known people keep each value that the file does not give. `progress` is called with the number
    of rows done so far. `statuses` is what the file says of its people, if that was surveyed.
    """
    statuses = statuses or status_words.survey(sheet)
    types = await _types(session, sheet)
    for column in sheet.columns:
        if column.name in types:
            await attributes.declare(
                session, name=column.name, type=types[column.name], label=column.heading
            )
    report = ImportReport()
    async for writes in _by_chunk(session, sheet, types, statuses, list_id, keys, report):
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
        await _write_noes(
            session, writes, list_id=list_id, basis=basis, source=source, keys=keys, now=now
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
            objected=report.objected + report.left + report.suppressed,
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
    statuses: Statuses,
    list_id: int | None,
    keys: Keys,
    report: ImportReport,
) -> AsyncIterator[_Writes]:
    """Yield what is to be written for each chunk of rows, and count the rows in `report`."""
    await _plan_each_time(session)
    first_seen: dict[str, int] = {}
    rows = sheet.rows()
    while chunk := list(islice(rows, CHUNK)):
        parsed = list(_parsed(chunk, types, statuses, first_seen, report))
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
    statuses: Statuses,
    first_seen: dict[str, int],
    report: ImportReport,
) -> Iterator[PersonRow]:
    for row in rows:
        try:
            parsed = read_row(row, types, statuses)
        except AddressError as error:
            reason = error.reason
        except PliError as error:
            reason = error.sentences[0]
        else:
            line = first_seen.setdefault(parsed.address.folded, row.line)
            if line == row.line:
                email = row.cells.get("email", "")
                report.noted += [Noted(row.line, email, it) for it in parsed.notes]
                yield parsed
                continue
            reason = say(N_("the address stands on line {line} already"), line=line)
        report.rejected.append(Rejected(row.line, shortened(row.cells.get("email", "")), reason))


async def _chunk_writes(
    session: AsyncSession,
    parsed: Sequence[PersonRow],
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
        barred = address_keys[it.address.folded] in suppressed
        # Who had left may still be barred from every list; who is barred stays it.
        if barred or (has_said_no and it.standing not in _SUPPRESSING):
            report.objected += 1
            continue
        if it.standing in _SUPPRESSING:
            writes.barred.append((address_keys[it.address.folded], _SUPPRESSING[it.standing]))
            report.suppressed += 1
            continue
        if it.standing is Standing.LEFT:
            if person is None:
                writes.gone.append(it)
            else:
                writes.leaving.append(person.id)
            report.left += 1
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


async def _write_noes(
    session: AsyncSession,
    writes: _Writes,
    *,
    list_id: int,
    basis: Basis,
    source: str,
    keys: Keys,
    now: datetime,
) -> None:
    """Write down who left or is barred, as the file says: a later import brings nobody back."""
    leaving = list(writes.leaving)
    if writes.gone:
        rows = [_new(it, keys, now) for it in writes.gone]
        leaving += await session.scalars(insert(Subscriber).returning(Subscriber.id), rows)
    await optout.leave_many(
        session, subscriber_ids=leaving, list_id=list_id, basis=basis, source=source, now=now
    )
    for address_key, reason in writes.barred:
        await session.run_sync(
            optout.suppress, address_key=address_key, reason=reason, source=source, now=now
        )


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


def _new(it: PersonRow, keys: Keys, now: datetime) -> dict[str, object]:
    return people.row(
        address=it.address,
        keys=keys,
        first_name=it.first_name or "",
        last_name=it.last_name or "",
        language=it.language or "fr",
        attributes=it.attributes,
        now=now,
    )
