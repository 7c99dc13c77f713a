"""Makes lists, and people on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import false, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from pli.keys import Keys
from subscribers import consent
from subscribers.models import Basis, List, Subscriber, Subscription, SubscriptionState


async def a_list(session: AsyncSession, name: str, *, now: datetime) -> List:
    """A list."""
    row = List(name=name, title=f"Liste {name}", created_at=now)
    session.add(row)
    await session.flush()
    return row


async def a_person(
    session: AsyncSession,
    keys: Keys,
    name: str,
    *lists: List,
    now: datetime,
    confirmed: bool = True,
    host: str = "example.org",
) -> Subscriber:
    """A person with an address at `host`, on these lists."""
    (row,) = await _people(session, keys, [name], lists, now=now, confirmed=confirmed, host=host)
    return row


async def a_subscription(
    session: AsyncSession,
    subscriber_id: int,
    list_id: int,
    *,
    now: datetime,
    state: SubscriptionState = SubscriptionState.CONFIRMED,
    paused: bool = False,
) -> Subscription:
    """A subscription in any state, without a consent record."""
    row = Subscription(
        subscriber_id=subscriber_id,
        list_id=list_id,
        state=state,
        paused=paused,
        basis=Basis.MEMBER,
        since=now,
    )
    session.add(row)
    await session.flush()
    return row


async def members(
    session: AsyncSession, keys: Keys, list_: List, count: int, *, now: datetime
) -> list[Subscriber]:
    """`count` confirmed people, named p000 and so on."""
    return await _people(session, keys, [f"p{n:03}" for n in range(count)], [list_], now=now)


async def _people(
    session: AsyncSession,
    keys: Keys,
    names: Sequence[str],
    lists: Sequence[List],
    *,
    now: datetime,
    confirmed: bool = True,
    host: str = "example.org",
) -> list[Subscriber]:
    """People on these lists, all at once: one after the other took 3 ms of CPU for each."""
    rows = [
        Subscriber(
            email=(email := f"{name}@{host}"),
            email_folded=email.casefold(),
            address_key=keys.address_key(email),
            first_name=name.capitalize(),
            created_at=now,
        )
        for name in names
    ]
    session.add_all(rows)
    await session.flush()
    for it in lists:
        await consent.subscribe_many(
            session,
            subscriber_ids=[row.id for row in rows],
            list_id=it.id,
            basis=Basis.MEMBER,
            source="test",
            confirmed=confirmed,
            now=now,
        )
    return rows


async def crowd(
    session: AsyncSession, keys: Keys, list_: List, count: int, *, now: datetime
) -> None:
    """Make `count` confirmed people at once, p0 and so on, without consent records."""
    addresses = [f"p{n}@example.org" for n in range(count)]
    await session.execute(
        insert(Subscriber),
        [
            {
                "email": address,
                "email_folded": address,
                "address_key": keys.address_key(address),
                "created_at": now,
            }
            for address in addresses
        ],
    )
    await session.execute(
        insert(Subscription).from_select(
            ["subscriber_id", "list_id", "state", "paused", "basis", "since"],
            select(
                Subscriber.id,
                literal(list_.id),
                literal(SubscriptionState.CONFIRMED.value),
                false(),
                literal(Basis.MEMBER.value),
                Subscriber.created_at,
            ),
        )
    )
