"""Runs an engine on a campaign, waits for steps of it, and reads how each copy ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from mailer.campaign.finding import find_campaign
from mailer.engine.engine import Engine
from mailer.engine.journal import Journal
from mailer.engine.relay_watch import Patience
from mailer.ledger import balance
from mailer.models import CampaignState, Delivery
from mailer.scope import EVERYTHING, Scope
from mailer.smtp.courier import Courier
from mailer.smtp.failover import RelayFailover
from mailer.smtp.relay import Relay as Address
from mailer.smtp.smtp_courier import SMTPCourier
from pli.database import Database
from pli.keys import Keys
from subscribers import optout
from subscribers.models import List, Subscriber
from tests import factories as make
from tests.relay import Relay
from tests.waiting import until_true

NO_PATIENCE = Patience(timedelta(0))
"""A campaign pauses as soon as its relay does not answer."""


@asynccontextmanager
async def working(
    database: Database,
    keys: Keys,
    by: str | RelayFailover,
    connections: int = 3,
    folder: Path | None = None,
    scope: Scope = EVERYTHING,
    patience: Patience | None = None,
) -> AsyncIterator[Engine]:
    """Run an engine in this process while the block runs; `by` is a relay's URL, or a failover."""
    carrier: Courier | RelayFailover = (
        SMTPCourier(Address.parse(by), connections=connections, rests=(0.01,))
        if isinstance(by, str)
        else by
    )
    with TemporaryDirectory() as own:
        journal = Journal(folder or Path(own), "tests")
        engine = Engine(
            database,
            keys,
            carrier,
            journal=journal,
            connections=connections,
            scope=scope,
            patience=patience,
        )
        async with engine:
            yield engine


async def prepared(
    database: Database,
    keys: Keys,
    now: datetime,
    count: int = 20,
    batch_size: int = 8,
    retry_delays: Sequence[float] = (0.05,),
) -> int:
    """Start a campaign to `count` members of one list; the campaign's id."""
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, count, now=now)
        campaign = await make.a_campaign(
            session, keys, [members], now=now, batch_size=batch_size, retry_delays=retry_delays
        )
    return campaign.id


def failover_of(**urls: str) -> RelayFailover:
    """A failover over these relays, whose circuits rest for fractions of a second."""
    relays = {name: Address.parse(url, name) for name, url in urls.items()}
    return RelayFailover(
        {name: SMTPCourier(it, connections=3, rests=(0.01,)) for name, it in relays.items()},
        probes={name: it.greet for name, it in relays.items()},
        open_seconds=0.3,
        first_seconds=0.1,
        longest=0.5,
    )


async def state_of(database: Database, campaign_id: int) -> CampaignState:
    """The state of a campaign now."""
    async with database.reading() as session:
        return (await find_campaign(session, campaign_id)).state


async def rests(database: Database, campaign_id: int) -> CampaignState:
    """Wait until a campaign no longer runs; its state then."""
    states: list[CampaignState] = []

    async def no_longer_runs() -> bool:
        states.append(await state_of(database, campaign_id))
        return states[-1] is not CampaignState.RUNNING

    await until_true(no_longer_runs)
    return states[-1]


async def first_copy(relay: Relay) -> None:
    """Wait until the relay has taken one copy."""
    await until_true(lambda: relay.received, 10)


async def silent(relay: Relay, seconds: float = 1.0) -> int:
    """Wait until no copy has come for a while; how many have come."""
    async with asyncio.timeout(15):
        while True:
            before = len(relay.received)
            await asyncio.sleep(seconds)
            if len(relay.received) == before:
                return before


async def ends(database: Database, campaign_id: int) -> dict[str, tuple[str, str | None]]:
    """The status and reason of each copy, by address; asserts that the balance is right."""
    async with database.reading() as session:
        assert await balance.faults(session, campaign_id=campaign_id) == []
        rows = await session.execute(
            select(Subscriber.email, Delivery.status, Delivery.reason)
            .join(Delivery, Delivery.subscriber_id == Subscriber.id)
            .where(Delivery.campaign_id == campaign_id)
        )
        return {email: (status.value, reason) for email, status, reason in rows}


async def leaves(database: Database, email: str, now: datetime) -> None:
    """Let the person with this address leave the only list."""
    async with database.begin() as session:
        person = (
            await session.execute(select(Subscriber.id).where(Subscriber.email == email))
        ).scalar_one()
        (list_id,) = (await session.execute(select(List.id))).scalars()
        await optout.unsubscribe(
            session, subscriber_id=person, list_id=list_id, source="test", now=now
        )
