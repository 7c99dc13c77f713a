"""The rows of chores: offered, claimed, ended, failed. The only writer of the table.

A kind with a source (its own rows say what is due) has a row here only after a failure: then the
row says when the next try is, or that the chore is held.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from pli.chore_schedule import Schedule
from pli.columns import clock
from pli.tables import Chore, ChoreState
from pli.upsert import insert_into

Source = Callable[[], Select[*tuple[Any, ...]]]
"""Selects the ids of a kind's own rows that are due; in a second column, since when, if known."""

LEASE = timedelta(seconds=30)
SCHEDULE = 0
"""The row id of a kind's schedule."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A chore that this process does: `due_at` and `lease` are None where its own row guards it.

    `noted`: whether such a chore has a row here all the same, since it failed before.
    """

    kind: str
    row_id: int
    tries: int
    due_at: datetime | None = None
    lease: int | None = None
    noted: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """A chore that is not due for so many seconds, or that another process does meanwhile."""

    seconds: float


async def put(
    session: AsyncSession, kind: str, row_id: int, *, at: datetime | ColumnElement[datetime]
) -> None:
    """Let a chore be due at an hour; one that waits is moved, one that is held is tried again.

    A chore that is just done stays, and is done once more.
    """
    fresh = {"state": ChoreState.WAITING, "due_at": at, "tries": 0, "code": ""}
    row = {"kind": kind, "row_id": row_id, "offered_at": clock()} | fresh
    await session.execute(
        insert_into(session, Chore)
        .values(row)
        .on_conflict_do_update(index_elements=[Chore.kind, Chore.row_id], set_=fresh)
    )


async def take_back(session: AsyncSession, kind: str, row_id: int) -> None:
    """Remove a chore; one that is just done is done to its end."""
    await session.execute(delete(Chore).where(_is(kind, row_id)))


def begin_anew(session: Session, kinds: Collection[str], row_id: int) -> None:
    """What failed of a row before counts no more: the row has changed since, or is to be retried.

    For kinds with a source. What is just done is done to its end.
    """
    session.execute(
        delete(Chore)
        .where(Chore.kind.in_(sorted(kinds)), Chore.row_id == row_id)
        .execution_options(synchronize_session=False)
    )


async def ensure_schedules(session: AsyncSession, schedules: Mapping[str, Schedule]) -> None:
    """Give each schedule its row; a time further ahead than the next one is moved to that.

    That happens if the schedule has changed, or if the clock was set back.
    """
    if not schedules:
        return
    now = (await session.execute(select(clock()))).scalar_one()
    for kind, schedule in schedules.items():
        await session.execute(
            insert_into(session, Chore)
            .values(
                kind=kind,
                row_id=SCHEDULE,
                state=ChoreState.WAITING,
                due_at=schedule.first(now),
                tries=0,
                code="",
                offered_at=now,
            )
            .on_conflict_do_nothing()
        )
        coming = schedule.after(now)
        await session.execute(
            update(Chore).where(_is(kind, SCHEDULE), Chore.due_at > coming).values(due_at=coming)
        )


async def claim(
    session: AsyncSession, kind: str, row_id: int, *, lease: int, source: Source | None
) -> Claimed | Later | None:
    """Claim a chore; Later if it is not due or is being done, None if there is nothing to do.

    A chore with a source is not leased: its handler guards it by its own row.
    """
    if source is not None:
        return await _claim_of_source(session, kind, row_id, source)
    claimed = await session.execute(
        update(Chore)
        .where(_is(kind, row_id), _waits(), Chore.due_at <= clock(), is_free())
        .values(lease=lease, lease_until=clock(LEASE.total_seconds()))
        .returning(Chore.tries, Chore.due_at)
        .execution_options(synchronize_session=False)
    )
    row = claimed.one_or_none()
    if row is not None:
        return Claimed(kind, row_id, row.tries, row.due_at, lease)
    return await _later(session, _is(kind, row_id))


async def _claim_of_source(
    session: AsyncSession, kind: str, row_id: int, source: Source
) -> Claimed | Later | None:
    due = source().subquery()
    wanted = await session.scalar(select(due.c[0]).where(due.c[0] == row_id).limit(1))
    if wanted is None:
        await session.execute(delete(Chore).where(_is(kind, row_id)))
        return None
    failed = await session.execute(
        select(Chore.tries, Chore.due_at <= clock(), Chore.state).where(_is(kind, row_id))
    )
    row = failed.one_or_none()
    if row is None:
        return Claimed(kind, row_id, 0)
    if row.state is ChoreState.WAITING and row[1]:
        return Claimed(kind, row_id, row.tries, noted=True)
    return await _later(session, _is(kind, row_id))


async def _later(session: AsyncSession, which: ColumnElement[bool]) -> Later | None:
    found = await session.execute(
        select(Chore.due_at, Chore.lease_until, clock()).where(which, _waits())
    )
    row = found.one_or_none()
    if row is None:
        return None
    due_at, lease_until, now = row
    return Later(max((due_at - now).total_seconds(), _left(lease_until, now), 0.0))


def _left(lease_until: datetime | None, now: datetime) -> float:
    """Seconds for which a chore is not free; none if its lease reaches too far ahead."""
    if lease_until is None or lease_until > now + 2 * LEASE:
        return 0.0
    return (lease_until - now).total_seconds()


async def renew(session: AsyncSession, claimed: Claimed) -> bool:
    """Renew the lease of a chore; False if the chore is another process's."""
    return await _update(session, claimed, lease_until=clock(LEASE.total_seconds())) is not None


async def end(
    session: AsyncSession, claimed: Claimed, *, schedule: Schedule | None
) -> Later | None:
    """A chore is done; Later if it was offered again meanwhile, or for its schedule's next time."""
    if claimed.lease is None:
        if claimed.noted:
            await session.execute(delete(Chore).where(_is(claimed.kind, claimed.row_id)))
        return None
    if schedule is not None and claimed.row_id == SCHEDULE:
        return await _wait(session, claimed, await _next(session, schedule))
    gone = await session.execute(
        delete(Chore)
        .where(Chore.lease == claimed.lease, Chore.due_at == claimed.due_at)
        .returning(Chore.id)
        .execution_options(synchronize_session=False)
    )
    if gone.one_or_none() is not None:
        return None
    await _update(session, claimed, lease=None, lease_until=None)
    return await _later(session, _is(claimed.kind, claimed.row_id))


async def put_off(
    session: AsyncSession, claimed: Claimed, seconds: float, *, tries: int = 0, code: str = ""
) -> Later | None:
    """Let a chore come back after so many seconds; None if it is another process's."""
    if claimed.lease is not None:
        return await _wait(session, claimed, clock(seconds), seconds, tries=tries, code=code)
    if tries:
        await _note_of_source(session, claimed, clock(seconds), tries, code)
    elif claimed.noted:
        await session.execute(delete(Chore).where(_is(claimed.kind, claimed.row_id)))
    return Later(seconds)


async def hold(session: AsyncSession, claimed: Claimed, *, tries: int, code: str) -> bool:
    """Let a chore wait for a person; False if it is another process's."""
    if claimed.lease is not None:
        values = {"state": ChoreState.HELD, "tries": tries, "code": code}
        return await _update(session, claimed, lease=None, lease_until=None, **values) is not None
    await _note_of_source(session, claimed, clock(), tries, code, state=ChoreState.HELD)
    return True


async def miss(
    session: AsyncSession, claimed: Claimed, schedule: Schedule, *, tries: int, code: str
) -> Later | None:
    """A schedule's last try has failed: its next time comes all the same."""
    at = await _next(session, schedule)
    return await _wait(session, claimed, at, tries=tries, code=code)


async def _next(session: AsyncSession, schedule: Schedule) -> datetime:
    return schedule.after((await session.execute(select(clock()))).scalar_one())


async def _wait(
    session: AsyncSession,
    claimed: Claimed,
    at: datetime | ColumnElement[datetime],
    seconds: float | None = None,
    *,
    tries: int = 0,
    code: str = "",
) -> Later | None:
    """Give a leased chore back. What was offered meanwhile for another hour is due then."""
    values: dict[str, Any] = {"tries": tries, "code": code, "lease": None, "lease_until": None}
    if await _update(session, claimed, Chore.due_at == claimed.due_at, due_at=at, **values):
        if seconds is not None:
            return Later(seconds)
    elif not await _update(session, claimed, lease=None, lease_until=None):
        return None
    return await _later(session, _is(claimed.kind, claimed.row_id))


async def _note_of_source(
    session: AsyncSession,
    claimed: Claimed,
    at: ColumnElement[datetime],
    tries: int,
    code: str,
    state: ChoreState = ChoreState.WAITING,
) -> None:
    values = {"state": state, "due_at": at, "tries": tries, "code": code}
    row = {"kind": claimed.kind, "row_id": claimed.row_id, "offered_at": clock()} | values
    await session.execute(
        insert_into(session, Chore)
        .values(row)
        .on_conflict_do_update(index_elements=[Chore.kind, Chore.row_id], set_=values)
    )


async def hurry(session: AsyncSession, kind: str, row_id: int) -> bool:
    """Let a chore that waits, is held or was forgotten be due now; False if there is none."""
    values = {"state": ChoreState.WAITING, "due_at": clock(), "tries": 0, "code": ""}
    return await _of_nobody(session, _is(kind, row_id), **values)


async def forget(session: AsyncSession, kind: str, row_id: int) -> bool:
    """Let a chore that waits, or is held, never be done; False if there is none."""
    which = and_(_is(kind, row_id), Chore.state != ChoreState.FORGOTTEN)
    return await _of_nobody(session, which, state=ChoreState.FORGOTTEN)


async def _of_nobody(session: AsyncSession, which: ColumnElement[bool], **values: Any) -> bool:
    found = await session.execute(
        update(Chore)
        .where(which, is_free())
        .values(lease=None, lease_until=None, **values)
        .returning(Chore.id)
        .execution_options(synchronize_session=False)
    )
    return found.scalar_one_or_none() is not None


async def forget_over(session: AsyncSession, sources: Mapping[str, Source]) -> None:
    """Remove held and forgotten chores of rows that are due no more: somebody else saw to them."""
    for kind, source in sources.items():
        due = source().order_by(None).subquery()
        await session.execute(
            delete(Chore)
            .where(
                Chore.kind == kind,
                Chore.state != ChoreState.WAITING,
                Chore.row_id.not_in(select(due.c[0])),
            )
            .execution_options(synchronize_session=False)
        )


async def end_leases(session: AsyncSession) -> None:
    """End all leases: the caller knows that no other process does chores."""
    await session.execute(
        update(Chore)
        .where(Chore.lease.is_not(None))
        .values(lease=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


async def _update(
    session: AsyncSession, claimed: Claimed, *conditions: ColumnElement[bool], **values: Any
) -> int | None:
    found = await session.execute(
        update(Chore)
        .where(Chore.lease == claimed.lease, _is(claimed.kind, claimed.row_id), *conditions)
        .values(**values)
        .returning(Chore.id)
        .execution_options(synchronize_session=False)
    )
    return found.scalar_one_or_none()


def _is(kind: str, row_id: int) -> ColumnElement[bool]:
    return and_(Chore.kind == kind, Chore.row_id == row_id)


def _waits() -> ColumnElement[bool]:
    return Chore.state == ChoreState.WAITING


def is_free() -> ColumnElement[bool]:
    """Whether nobody does the chore; a lease far ahead has lapsed: the clock was set back."""
    return or_(
        Chore.lease.is_(None),
        Chore.lease_until < clock(),
        Chore.lease_until > clock(2 * LEASE.total_seconds()),
    )
