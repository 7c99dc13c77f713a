"""Lists who said no: who left, when and by which way, and who is never written to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from subscribers.models import (
    ConsentEvent,
    ConsentRecord,
    List,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)


@dataclass(frozen=True, slots=True)
class Leaving:
    """One leaving: who (None: erased since), which list, by which way, and whether it still holds.

    `delivery_id` is the copy by whose link the person left.
    """

    at: datetime
    email: str | None
    list: str | None
    source: str
    delivery_id: int | None
    still_left: bool


@dataclass(frozen=True, slots=True)
class Barred:
    """A person whose address is never written to, and why."""

    at: datetime
    email: str
    reason: SuppressionReason
    source: str


async def leavings(
    session: AsyncSession,
    *,
    list_id: int | None = None,
    since: datetime | None = None,
    limit: int,
) -> tuple[list[Leaving], int]:
    """The latest leavings, the latest first, and how many there are in all."""
    where = [ConsentRecord.event == ConsentEvent.LEFT]
    if list_id is not None:
        where.append(ConsentRecord.list_id == list_id)
    if since is not None:
        where.append(ConsentRecord.at >= since)
    rows = await session.execute(
        select(
            ConsentRecord.at,
            Subscriber.email,
            List.name,
            ConsentRecord.source,
            ConsentRecord.delivery_id,
            func.coalesce(Subscription.state == SubscriptionState.LEFT, True),
        )
        .outerjoin(Subscriber, Subscriber.id == ConsentRecord.subscriber_id)
        .outerjoin(List, List.id == ConsentRecord.list_id)
        .outerjoin(
            Subscription,
            and_(
                Subscription.subscriber_id == ConsentRecord.subscriber_id,
                Subscription.list_id == ConsentRecord.list_id,
            ),
        )
        .where(*where)
        .order_by(ConsentRecord.id.desc())
        .limit(limit)
    )
    count = await session.scalar(select(func.count()).select_from(ConsentRecord).where(*where))
    return [Leaving(*row[:-1], bool(row[-1])) for row in rows], count or 0


async def barred(session: AsyncSession, *, limit: int) -> tuple[list[Barred], int, int]:
    """People who are never written to, the latest first; how many, and addresses of nobody here.

    A suppressed address that nobody here has is kept as a hash, so that it cannot be shown.
    """
    rows = await session.execute(
        select(Suppression.at, Subscriber.email, Suppression.reason, Suppression.source)
        .join(Subscriber, Subscriber.address_key == Suppression.address_key)
        .order_by(Suppression.at.desc(), Subscriber.id)
        .limit(limit)
    )
    known = await session.scalar(
        select(func.count())
        .select_from(Suppression)
        .join(Subscriber, Subscriber.address_key == Suppression.address_key)
    )
    every = await session.scalar(select(func.count()).select_from(Suppression))
    return [Barred(*row) for row in rows], known or 0, (every or 0) - (known or 0)
