"""Imports people from a file onto a list, with a basis and a source; reports each rejected row.

An import never brings back a person who left, and never takes a suppressed address.

It is written in slices, each a transaction of its own: on SQLite, whoever leaves a list by a link
waits for a slice and not for the file. An import that was stopped between two slices goes on when
the same file comes again; the row of the import says behind which row.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pli.actor import Actor
from pli.database import Database
from pli.errors import PliError, reason_of
from pli.keys import Keys
from pli.language import N_
from subscribers import attributes, csv_reading, import_rows, status_words
from subscribers.csv_reading import ReadingError, Sheet
from subscribers.import_reading import CHUNK, Chunk, Reading
from subscribers.import_report import ImportReport, Rejected
from subscribers.models import AttributeType, Basis, Import, ImportState, List
from subscribers.slice_pace import REST_SECONDS, TARGET_SECONDS, SlicePace
from subscribers.status_words import Statuses

_COUNTS = (
    "rows", "line", "added", "updated", "unchanged", "rejected", "objected",
    "left_by_file", "barred_by_file",
)  # fmt: skip


class ImportFault(PliError):
    """An import cannot go on."""


@dataclass(slots=True)
class Work:
    """An import in work, whose slices are written one after the other.

    `resumed_after` is the line behind which it goes on, None if it began now. `ahead` are rows that
    are read and not written yet. `locked_at` is when the last slice took the lock. `rows` and
    `line` are of the slice in work, `saved_rows` and `saved_line` of the last one committed.
    """

    id: int
    list_id: int
    basis: Basis
    source: str
    keys: Keys
    by: Actor
    report: ImportReport
    reading: Reading
    rows: int = 0
    line: int = 0
    rejected: int = 0
    resumed_after: int | None = None
    pace: SlicePace = field(default_factory=SlicePace)
    saved_rows: int = 0
    saved_line: int = 0
    ahead: deque[Chunk] = field(default_factory=deque, init=False)
    locked_at: float = field(default=0.0, init=False)

    def read_ahead(self) -> bool:
        """Read the rows of the next slice, while nobody waits; False if there are none."""
        while (missing := self.pace.rows - sum(it.rows for it in self.ahead)) > 0:
            chunk = self.reading.chunk(min(missing, CHUNK))
            if chunk is None:
                break
            self.ahead.append(chunk)
        return bool(self.ahead)


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


def all_rejected(sheet: Sheet, statuses: Statuses) -> list[Rejected]:
    """Every row with its reason if no row is a person; else nothing."""
    reading = Reading(sheet, {}, statuses, ImportReport())
    while chunk := reading.chunk(CHUNK):
        if chunk.people:
            return []
    return reading.report.rejected


async def find_stopped(
    session: AsyncSession,
    sheet: Sheet,
    *,
    list_id: int,
    basis: Basis,
    source: str,
    statuses: Statuses,
) -> Import | None:
    """The import of this very file that was not finished: same list, basis, source and answers."""
    return await session.scalar(
        select(Import)
        .where(
            Import.digest == _digest(sheet, statuses),
            Import.list_id == list_id,
            Import.basis == basis,
            Import.source == source,
            Import.state == ImportState.RUNNING,
        )
        .order_by(Import.id.desc())
        .limit(1)
    )


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
    report = ImportReport()
    reading = Reading(sheet, await _types(session, sheet), statuses, report)
    await _plan_each_time(session)
    while chunk := reading.chunk(CHUNK):
        await import_rows.plan(session, chunk.people, list_id, keys, report)
        progress(report.rows)
    return report


async def begin(
    session: AsyncSession,
    sheet: Sheet,
    *,
    list_id: int,
    basis: Basis,
    source: str,
    keys: Keys,
    file: str = "",
    by: Actor,
    statuses: Statuses | None = None,
    now: datetime,
) -> Work:
    """Begin an import, or go on with the one of the same file that was stopped.

    `statuses` is what the file says of its people, if that was surveyed. `by` is who of the office
    reads it in.
    """
    statuses = statuses or status_words.survey(sheet)
    types = await _types(session, sheet)
    for column in sheet.columns:
        if column.name in types:
            await attributes.declare(
                session,
                name=column.name,
                type=types[column.name],
                label=column.heading,
                by=by,
                now=now,
            )
    row = await find_stopped(
        session, sheet, list_id=list_id, basis=basis, source=source, statuses=statuses
    )
    stopped = row is not None
    if row is None:
        row = Import(
            file=file,
            list_id=list_id,
            basis=basis,
            source=source,
            digest=_digest(sheet, statuses),
            state=ImportState.RUNNING,
            at=now,
            **dict.fromkeys(_COUNTS, 0),
        )
        session.add(row)
        await session.flush()
    report = ImportReport(
        added=row.added,
        updated=row.updated,
        unchanged=row.unchanged,
        objected=row.objected - row.left_by_file - row.barred_by_file,
        left=row.left_by_file,
        suppressed=row.barred_by_file,
    )
    reading = Reading(sheet, types, statuses, report)
    reading.skip(row.rows)
    return Work(
        id=row.id,
        list_id=list_id,
        basis=basis,
        source=source,
        keys=keys,
        by=by,
        report=report,
        reading=reading,
        rows=row.rows,
        line=row.line,
        rejected=row.rejected,
        saved_rows=row.rows,
        saved_line=row.line,
        resumed_after=row.line if stopped else None,
    )


async def write_slice(
    session: AsyncSession, work: Work, *, seconds: float | None = None, now: datetime
) -> None:
    """Write rows that were read ahead, until `seconds` have passed since the lock was taken.

    At least one chunk of them is written. Known people keep each value that the file does not
    give. Raises ImportFault if another process writes this import: what it wrote stays.
    """
    mine = select(Import.rows).where(Import.id == work.id).with_for_update()
    if await session.scalar(mine) != work.rows:
        raise _taken_over(work)
    work.locked_at = monotonic()
    await _plan_each_time(session)
    before = work.rows
    while work.ahead and (
        seconds is None or work.rows == before or monotonic() - work.locked_at < seconds
    ):
        chunk = work.ahead.popleft()
        writes = await import_rows.plan(session, chunk.people, work.list_id, work.keys, work.report)
        await import_rows.write(
            session,
            writes,
            list_id=work.list_id,
            basis=work.basis,
            source=work.source,
            by=work.by,
            keys=work.keys,
            now=now,
        )
        work.rows += chunk.rows
        work.line = chunk.line
        work.rejected += chunk.rejected
    await _note(session, work)


async def finish(session: AsyncSession, work: Work, *, now: datetime) -> None:
    """Call an import finished: its last slice is written."""
    await session.execute(
        update(Import)
        .where(Import.id == work.id, Import.rows == work.rows)
        .values(state=ImportState.FINISHED, ended_at=now)
    )


async def run(
    session: AsyncSession,
    sheet: Sheet,
    *,
    list_id: int,
    basis: Basis,
    source: str,
    keys: Keys,
    file: str = "",
    by: Actor,
    statuses: Statuses | None = None,
    now: datetime,
) -> ImportReport:
    """Import a sheet's people in the caller's transaction: all of them or none.

    On SQLite everybody else waits meanwhile: for small files, and where nobody else is.
    """
    work = await begin(
        session,
        sheet,
        list_id=list_id,
        basis=basis,
        source=source,
        keys=keys,
        file=file,
        by=by,
        statuses=statuses,
        now=now,
    )
    work.pace.rows = CHUNK
    while work.read_ahead():
        await write_slice(session, work, now=now)
    await finish(session, work, now=now)
    return work.report


async def run_in_slices(
    database: Database,
    work: Work,
    *,
    progress: Callable[[int], None] = lambda _: None,
    now: Callable[[], datetime],
) -> ImportReport:
    """Write an import that was begun, in transactions that let others through between them.

    `progress` is called with the number of rows that are in. What an exception interrupts is one
    slice: those before it stay, and `begin` goes on behind them.
    """
    while True:
        rested = monotonic()
        if not work.read_ahead():
            break
        if database.is_sqlite and work.locked_at:
            # Reading ahead is a part of the rest.
            await asyncio.sleep(max(0.0, REST_SECONDS - (monotonic() - rested)))
        before = work.rows
        async with database.begin() as session:
            await write_slice(session, work, seconds=TARGET_SECONDS, now=now())
        work.saved_rows, work.saved_line = work.rows, work.line
        work.pace.learn(work.rows - before, monotonic() - work.locked_at)
        progress(work.rows)
    async with database.begin() as session:
        await finish(session, work, now=now())
    return work.report


@dataclass(frozen=True, slots=True)
class ListedImport:
    """An import, with the name of its list."""

    row: Import
    list: str


async def everything(session: AsyncSession, *, limit: int | None = None) -> list[ListedImport]:
    """The imports, the latest first."""
    rows = await session.execute(
        select(Import, List.name)
        .join(List, List.id == Import.list_id)
        .order_by(Import.id.desc())
        .limit(limit)
    )
    return [ListedImport(row, name) for row, name in rows]


async def _note(session: AsyncSession, work: Work) -> None:
    """Write where the import stands, in the transaction of its rows."""
    report = work.report
    await session.execute(
        update(Import)
        .where(Import.id == work.id)
        .values(
            rows=work.rows,
            line=work.line,
            added=report.added,
            updated=report.updated,
            unchanged=report.unchanged,
            rejected=work.rejected,
            objected=report.objected + report.left + report.suppressed,
            left_by_file=report.left,
            barred_by_file=report.suppressed,
        )
    )


def _taken_over(work: Work) -> ImportFault:
    return ImportFault(
        N_("another process writes import {id} of the same file: let it end"), id=work.id
    )


def _digest(sheet: Sheet, statuses: Statuses) -> str:
    """What an import is known by: the file's bytes, how they were read, and what was answered."""
    answers = {word: standing.value for word, standing in statuses.answers.items()}
    how = json.dumps([sheet.encoding, sheet.delimiter, sorted(answers.items())])
    return hashlib.sha256(f"{sheet.digest} {how}".encode()).hexdigest()


async def _types(session: AsyncSession, sheet: Sheet) -> dict[str, AttributeType]:
    """The types of the sheet's attributes; a column that nobody declared is text."""
    known = await attributes.declared(session)
    return {
        column.name: known.get(column.name, AttributeType.TEXT)
        for column in sheet.columns
        if column.name and column.name not in attributes.BUILT_IN
    }


async def _plan_each_time(session: AsyncSession) -> None:
    """Make PostgreSQL plan each statement anew.

    With a plan made while the tables were empty, 100,000 rows took 236 s instead of 13 s.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
