"""What there is of chores, for people and for Prometheus. SELECT only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    CompoundSelect,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from pli.chore_rows import Source, is_free
from pli.columns import Moment, clock
from pli.tables import Chore, ChoreState

WAITING, DUE, RUNNING, FAILED, HELD = "waiting", "due", "running", "failed", "held"
"""The words of a chore's status. FAILED: it is tried again by itself; HELD: a person is waited for.
"""
STATUSES = (WAITING, DUE, RUNNING, FAILED, HELD)
SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class Shown:
    """One chore; `due_at` is unknown where its own row does not say since when it is due."""

    kind: str
    row_id: int
    status: str
    due_at: datetime | None
    tries: int
    code: str

    @property
    def name(self) -> str:
        """By this a person names it."""
        return f"{self.kind}:{self.row_id}"


@dataclass(frozen=True, slots=True)
class Count:
    """How many chores of a kind are in a status, and for how many seconds the oldest is due."""

    kind: str
    status: str
    number: int
    oldest: float


async def listed(
    session: AsyncSession, sources: Mapping[str, Source], *, failed: bool = False
) -> Sequence[Shown]:
    """The first SHOWN chores, those first that are due first; `failed`: only what went wrong."""
    found = _all(sources).subquery()
    wanted = select(found).order_by(found.c.due_at, found.c.kind, found.c.row_id).limit(SHOWN)
    if failed:
        wanted = wanted.where(found.c.status.in_((FAILED, HELD)))
    return [Shown(*row) for row in await session.execute(wanted)]


async def counted(session: AsyncSession, sources: Mapping[str, Source]) -> Sequence[Count]:
    """How many there are, by kind and status."""
    found = _all(sources).subquery()
    rows = await session.execute(
        select(found.c.kind, found.c.status, func.count(), func.min(found.c.due_at), clock())
        .group_by(found.c.kind, found.c.status)
        .order_by(found.c.kind, found.c.status)
    )
    return [
        Count(kind, status, number, max(0.0, (now - since).total_seconds()) if since else 0.0)
        for kind, status, number, since, now in rows
    ]


def _all(sources: Mapping[str, Source]) -> CompoundSelect[str, int, str, datetime, int, str]:
    status = case(
        (Chore.state == ChoreState.HELD, HELD),
        (and_(Chore.lease.is_not(None), ~is_free()), RUNNING),
        (Chore.tries > 0, FAILED),
        (Chore.due_at <= clock(), DUE),
        else_=WAITING,
    )
    table = select(
        Chore.kind.label("kind"),
        Chore.row_id.label("row_id"),
        status.label("status"),
        Chore.due_at.label("due_at"),
        Chore.tries.label("tries"),
        Chore.code.label("code"),
    ).where(Chore.state != ChoreState.FORGOTTEN)
    return union_all(table, *(_of_source(kind, source) for kind, source in sources.items()))


def _of_source(kind: str, source: Source) -> Select[str, int, str, datetime, int, str]:
    rows = source().order_by(None).subquery()
    row_id, *since = rows.c
    known = exists().where(Chore.kind == kind, Chore.row_id == row_id)
    return select(
        literal(kind).label("kind"),
        row_id.label("row_id"),
        literal(DUE).label("status"),
        (since[0] if since else cast(null(), Moment())).label("due_at"),
        literal(0).label("tries"),
        literal("").label("code"),
    ).where(~known)
