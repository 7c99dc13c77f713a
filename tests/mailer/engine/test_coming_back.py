"""A campaign that runs pauses for what comes back of it, and a person decides."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from mailer.bounces.arrivals import read_arrival
from mailer.campaign import barring, coming_back, lifecycle
from mailer.campaign.finding import find_campaign, reason_of
from mailer.models import CampaignState, Delivery, Evidence, Source, Status
from pli.database import Database
from pli.keys import Keys
from subscribers.models import Subscriber, Subscription, SubscriptionState
from tests.mailer.bounces.coming_back import (
    BLAMED,
    GONE,
    bounce_of,
    complaint_of,
    copies_of,
    suppressed,
)
from tests.mailer.engine.running import prepared, rests, working
from tests.relay import Relay
from tests.specimens.bounces.pieces import TOKENS


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


async def takes_in(database: Database, raw: bytes) -> None:
    arrival = read_arrival(raw=raw, came_to="", door="test", tokens=TOKENS)
    await database.perform(coming_back.take_in_all, [arrival], now=datetime.now(UTC))


@pytest.mark.parametrize(
    ("said", "told"),
    [(GONE, "recipients were called unknown"), (BLAMED, "refused for what we are")],
    ids=["gone", "blamed"],
)
async def test_a_running_campaign_pauses_for_what_comes_back_and_goes_on(
    database: Database, keys: Keys, now: datetime, said: tuple[str, str], told: str
) -> None:
    campaign_id = await prepared(database, keys, now, count=200, batch_size=10)
    slow: list[bool] = [True]
    with Relay().running() as relay:
        relay.delay_of = lambda _: 2.0 if slow and len(relay.received) >= 45 else 0.0
        async with working(database, keys, relay.url):
            async with database.reading() as session:
                numbers = {email: number for number, email in await copies_of(session, campaign_id)}

            while len(relay.received) < 40:  # noqa: ASYNC110 (the relay runs in another thread)
                await asyncio.sleep(0.05)
            for mail in relay.received[:30]:
                await takes_in(database, bounce_of(numbers[mail.recipient], mail.recipient, said))
            assert await rests(database, campaign_id) is CampaignState.PAUSED
            slow.clear()
            async with database.begin() as session:
                reason = str(reason_of(await find_campaign(session, campaign_id)))
                assert told in reason
                assert "example.org" not in reason
            assert await suppressed(database) == {}
            async with database.begin() as session:
                await barring.undo(session, campaign_id=campaign_id, now=now)
                await lifecycle.resume(session, campaign_id=campaign_id)
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert max(relay.recipients.values()) == 1
    assert len(relay.received) == 200


async def test_a_notice_about_a_copy_in_doubt_proves_that_it_had_left(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=1)

    def drops(stage: str, recipient: str, times: int) -> str | None:
        del recipient, times
        return "drop" if stage == "body-received" else None

    with Relay(script=drops).running() as relay:
        async with working(database, keys, relay.url):
            await rests(database, campaign_id)
    async with database.reading() as session:
        ((number, email),) = await copies_of(session, campaign_id)
        row = await session.get(Delivery, number)
        assert row is not None
        assert row.status is Status.UNCERTAIN
    raw = bounce_of(number, email, ("2.0.0", "250 ok"), action="relayed")
    for _ in range(2):
        await takes_in(database, raw)
    async with database.reading() as session:
        row = await session.get(Delivery, number)
        assert row is not None
        assert row.status is Status.SENT
        assert (await session.scalars(select(Evidence.source))).all() == [Source.NOTICE]


async def test_a_wish_to_leave_that_a_provider_passes_on_is_a_leaving(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2)
    async with database.reading() as session:
        (number, email), _ = await copies_of(session, campaign_id)
    raw = complaint_of(number, email).replace(b"abuse\n", b"opt-out\n")
    await takes_in(database, raw)
    async with database.reading() as session:
        states = dict(
            (await session.execute(select(Subscription.subscriber_id, Subscription.state))).all()
        )
        who = await session.scalar(select(Subscriber.id).where(Subscriber.email == email))
    assert [it for it, state in states.items() if state is SubscriptionState.LEFT] == [who]
    assert await suppressed(database) == {}
