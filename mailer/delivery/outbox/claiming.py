"""Claiming: a window of due rows becomes ours, and what of it must not leave is told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.delivery.outbox.rows import Taken, change, count, due_now, of, ours, still
from mailer.models import Delivery, Status
from pli.database import clock
from subscribers.consent import hindrance, may_receive
from subscribers.models import Subscriber


@dataclass(frozen=True, slots=True)
class Window:
    """The rows that one claim put into our hands; `empty` when nothing was due any more."""

    rows: Sequence[Row[Any]]
    empty: bool


async def claim(session: AsyncSession, taken: Taken, *, size: int) -> Window:
    """Claim up to `size` due rows; those who may no longer receive are skipped, with the reason."""
    found = (
        await session.execute(
            select(
                Delivery.id,
                Delivery.list_id,
                Delivery.attempts,
                Subscriber.id.label("subscriber_id"),
                Subscriber.email,
                Subscriber.first_name,
                Subscriber.last_name,
                Subscriber.language,
                Subscriber.attributes,
                hindrance(Delivery.list_id).label("hindrance"),
            )
            .outerjoin_from(Delivery, Subscriber)
            .where(of(taken), Delivery.status == Status.PENDING, _due_now())
            .order_by(Delivery.next_attempt_at, Delivery.id)
            .limit(size)
        )
    ).all()
    await ours(session, taken)
    hindered: dict[str, list[int]] = {}
    free = []
    for row in found:
        if row.subscriber_id is None:
            hindered.setdefault("erased", []).append(row.id)
        elif row.hindrance is not None:
            hindered.setdefault(row.hindrance, []).append(row.id)
        else:
            free.append(row)
    skipped = 0
    for reason, ids in hindered.items():
        skipped += len(
            await change(
                session,
                taken,
                Delivery.id.in_(ids),
                Delivery.status == Status.PENDING,
                status=Status.SKIPPED,
                reason=reason,
            )
        )
    claimed = await change(
        session,
        taken,
        Delivery.id.in_([row.id for row in free]),
        Delivery.status == Status.PENDING,
        status=Status.SENDING,
        reason=None,
        lease=taken.lease,
    )
    await count(
        session, taken, pending=-skipped - len(claimed), skipped=skipped, sending=len(claimed)
    )
    return Window([row for row in free if row.id in claimed], empty=not found)


async def hindered(session: AsyncSession, ids: Sequence[int]) -> Mapping[int, str]:
    """Which of these rows may no longer leave, and why: asked again while they wait."""
    rows = await session.execute(
        select(Delivery.id, func.coalesce(hindrance(Delivery.list_id), "erased"))
        .outerjoin_from(Delivery, Subscriber)
        .where(
            Delivery.id.in_(ids),
            or_(Subscriber.id.is_(None), ~may_receive(Delivery.list_id)),
        )
    )
    return {id_: reason for id_, reason in rows if reason is not None}


async def put_back(session: AsyncSession, taken: Taken, ids: Sequence[int]) -> bool:
    """Rows of ours of which nothing was handed over wait again.

    Also those that were called uncertain meanwhile, when we seemed dead: by our lease nobody else
    has had them since. Whether there were such: the campaign may have been finished without them.
    """
    late = False
    for before in (Status.SENDING, Status.UNCERTAIN):
        changed = await change(
            session,
            taken,
            Delivery.id.in_(ids),
            Delivery.status == before,
            Delivery.lease == taken.lease,
            status=Status.PENDING,
            lease=None,
        )
        deltas = {before.value: -len(changed), "pending": len(changed)}
        await count(session, taken, progress=False, **deltas)
        late = before is Status.UNCERTAIN and bool(changed)
    if late:
        await due_now(session, taken)
    return late


async def skip(session: AsyncSession, taken: Taken, reasons: Mapping[int, str]) -> None:
    """Rows of ours of which nothing was handed over, and that must not leave any more."""
    skipped = 0
    for reason in set(reasons.values()):
        changed = await change(
            session,
            taken,
            Delivery.id.in_([id_ for id_, why in reasons.items() if why == reason]),
            *still(taken),
            status=Status.SKIPPED,
            reason=reason,
            lease=None,
        )
        skipped += len(changed)
    await count(session, taken, sending=-skipped, skipped=skipped)


def _due_now() -> ColumnElement[bool]:
    return Delivery.next_attempt_at <= clock()
