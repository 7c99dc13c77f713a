"""The audit: who did or saw what, and when. Events are only ever added.

An event is written in the transaction of what it tells, so that neither is there without the other.
It names rows by number, and holds no address and nothing that a stranger typed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from pli.actor import Actor
from pli.columns import clock
from pli.tables import Audit, AuditAction, AuditObject

LONGEST_WHY = 2_000
LONGEST_PAGE = 500

__all__ = ["AuditAction", "AuditObject", "Event", "Page", "events", "record"]


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as `record` was told it; `actor` is the actor's text at that time."""

    id: int
    at: datetime
    account_id: int | None
    actor: str
    action: AuditAction
    kind: AuditObject
    object_id: int | None
    list_id: int | None
    count: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, the newest first; `before` asks for the next page, and is None at the end."""

    events: Sequence[Event]
    before: int | None


def record(
    session: AsyncSession | Session,
    *,
    by: Actor,
    action: AuditAction,
    kind: AuditObject,
    object_id: int | None,
    list_id: int | None = None,
    count: int | None = None,
    why: str = "",
    now: datetime | None = None,
) -> None:
    """Add an event to this transaction; nothing waits for it, so this is a plain function.

    Without `now`, the database's clock says when.
    """
    session.add(
        Audit(
            at=now or clock(),
            actor_kind=by.kind,
            account_id=by.account_id,
            actor=by.text,
            action=action,
            object_kind=kind,
            object_id=object_id,
            list_id=list_id,
            count=count,
            # PostgreSQL keeps no NUL, and a driver encodes no lone surrogate.
            why=why.replace("\0", " ").encode(errors="replace").decode()[:LONGEST_WHY],
        )
    )


async def events(
    session: AsyncSession,
    *,
    account_id: int | None = None,
    action: AuditAction | None = None,
    kind: AuditObject | None = None,
    object_id: int | None = None,
    actions: Collection[AuditAction] | None = None,
    objects: Mapping[AuditObject, Collection[int]] | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page:
    """A page of events, the newest first, narrowed by whatever is given.

    `account_id` is who did it; `kind` and `object_id` are what it was done to, or any of `objects`,
    numbers by kind; `actions` are those of which each will do.
    """
    limit = max(1, min(limit, LONGEST_PAGE))
    statement = select(Audit).order_by(Audit.id.desc()).limit(limit + 1)
    for column, value in (
        (Audit.account_id, account_id),
        (Audit.action, action),
        (Audit.object_kind, kind),
        (Audit.object_id, object_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if actions is not None:
        statement = statement.where(Audit.action.in_(actions))
    if objects is not None:
        statement = statement.where(
            or_(
                false(),
                *(
                    and_(Audit.object_kind == it, Audit.object_id.in_(ids))
                    for it, ids in objects.items()
                ),
            )
        )
    if since is not None:
        statement = statement.where(Audit.at >= since)
    if before is not None:
        statement = statement.where(Audit.id < before)
    rows = (await session.scalars(statement)).all()
    found = [_event(it) for it in rows[:limit]]
    return Page(found, found[-1].id if len(rows) > limit else None)


def _event(row: Audit) -> Event:
    return Event(
        id=row.id,
        at=row.at,
        account_id=row.account_id,
        actor=row.actor,
        action=row.action,
        kind=row.object_kind,
        object_id=row.object_id,
        list_id=row.list_id,
        count=row.count,
        why=row.why,
    )
