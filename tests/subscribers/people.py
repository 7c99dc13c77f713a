"""People for tests, made by the tables alone."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from subscribers.models import Basis, List, Subscriber, Subscription, SubscriptionState


async def a_list(session: AsyncSession, name: str, now: datetime) -> int:
    """A list; its id."""
    row = List(name=name, title=name.title(), created_at=now)
    session.add(row)
    await session.flush()
    return row.id


async def a_person(session: AsyncSession, email: str, now: datetime) -> int:
    """A person on no list; the id."""
    row = Subscriber(email=email, email_folded=email, address_key=key_of(email), created_at=now)
    session.add(row)
    await session.flush()
    return row.id


async def a_tie(
    session: AsyncSession,
    subscriber_id: int,
    list_id: int,
    now: datetime,
    state: SubscriptionState = SubscriptionState.CONFIRMED,
    paused: bool = False,
) -> None:
    """A subscription in any state."""
    session.add(
        Subscription(
            subscriber_id=subscriber_id,
            list_id=list_id,
            state=state,
            paused=paused,
            basis=Basis.MEMBER,
            since=now,
        )
    )
    await session.flush()


def key_of(email: str) -> bytes:
    """What stands for the address key."""
    return email.encode().ljust(16, b"\0")[:16]
