"""Makes a list of invented people and a campaign to it, with which every sending begins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import false, insert, literal, select

from benchmarks.letters import SizedLetter
from mailer.campaign import freezing, lifecycle
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from subscribers.models import (
    Basis,
    List,
    Subscriber,
    Subscription,
    SubscriptionState,
)

ROWS_AT_ONCE = 10_000
BATCH = 1_000


async def populate(database: Database, keys: Keys, people: int) -> int:
    """Make a list with `people` members; its id."""
    now = datetime.now(UTC)
    async with database.begin() as session:
        session.add(members := List(name="comite", title="Comité", created_at=now))
        await session.flush()
        for start in range(0, people, ROWS_AT_ONCE):
            rows = [
                {
                    "email": (address := f"p{n:07d}@example.org"),
                    "email_folded": address,
                    "address_key": keys.address_key(address),
                    "first_name": "Camille",
                    "created_at": now,
                }
                for n in range(start, min(people, start + ROWS_AT_ONCE))
            ]
            await session.execute(insert(Subscriber), rows)
        await session.execute(
            insert(Subscription).from_select(
                ["subscriber_id", "list_id", "state", "paused", "basis", "since"],
                select(
                    Subscriber.id,
                    literal(members.id),
                    literal(SubscriptionState.CONFIRMED.value),
                    false(),
                    literal(Basis.MEMBER.value),
                    Subscriber.created_at,
                ).where(Subscriber.email.like(f"p{'_' * 7}@example.org")),
            )
        )
    return members.id


async def prepared(
    database: Database,
    keys: Keys,
    letter: SizedLetter,
    *,
    list_id: int,
    batch_size: int = BATCH,
    retry_delays: Sequence[float] = (300.0,),
) -> int:
    """Prepare a campaign in one transaction: a delivery for everybody on the list; its id."""
    now = datetime.now(UTC)
    async with database.begin() as session:
        campaign = await freezing.create(
            session,
            frozen=letter.frozen,
            list_ids=[list_id],
            token_key=keys.current,
            retry_delays=retry_delays,
            by=Actor.system("bench"),
            now=now,
        )
        await lifecycle.prepare(session, campaign_id=campaign.id, batch_size=batch_size, now=now)
    return campaign.id
