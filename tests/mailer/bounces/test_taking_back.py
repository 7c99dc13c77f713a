"""What a person takes back follows no more, and nothing else is lifted with it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from mailer.bounce_models import Effect
from mailer.campaign import barring
from mailer.models import Campaign
from mailer.report import bounces
from pli.database import Database
from subscribers.models import Subscriber, SuppressionReason
from tests.mailer.bounces.coming_back import (
    LIKELY,
    bounce_of,
    comes,
    complaint_of,
    further_copy,
    one_copy,
    suppressed,
)

DAY = timedelta(days=1)
HARD = SuppressionReason.HARD_BOUNCE


async def test_an_address_that_two_bounces_suppress_stays_so_if_one_is_taken_back(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    first = await comes(database, bounce_of(number, email), now)
    async with database.begin() as session:
        second = await further_copy(session, email, 2, now)
    again = await comes(database, bounce_of(second, email), now)
    for it, expected in ((first, {email: HARD}), (again, {})):
        async with database.begin() as session:
            assert it.bounce_id is not None
            await barring.undo_one(session, bounce_id=it.bounce_id, now=now)
        assert await suppressed(database) == expected


async def test_an_address_that_staff_lift_is_shown_as_taken_back(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, email), now)
    async with database.begin() as session:
        key = (await session.scalars(select(Subscriber.address_key))).one()
        assert await barring.lift_address(session, address_key=key, now=now)
        assert not await barring.lift_address(session, address_key=key, now=now)
        (listed,) = await bounces.latest(session, limit=9)
    assert listed.effect is Effect.UNDONE
    assert await suppressed(database) == {}


async def test_a_second_mail_about_a_copy_that_was_taken_back_suppresses_nobody(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    came = await comes(database, bounce_of(number, email), now)
    async with database.begin() as session:
        assert came.bounce_id is not None
        await barring.undo_one(session, bounce_id=came.bounce_id, now=now)
    again = ("5.1.10", "550 5.1.10 user unknown")
    came = await comes(database, bounce_of(number, email, again), now + DAY)
    assert came.bounce_id is not None
    assert came.effect is Effect.UNDONE
    assert await suppressed(database) == {}
    await comes(database, complaint_of(number, email), now + DAY)
    assert await suppressed(database) == {email: SuppressionReason.COMPLAINT}


async def test_what_is_only_likely_and_was_taken_back_is_no_first(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    async with database.begin() as session:
        await session.execute(update(Campaign).values(number=1))
        campaign_id = await session.scalar(select(Campaign.id))
    await comes(database, bounce_of(number, email, LIKELY), now)
    async with database.begin() as session:
        assert campaign_id is not None
        undone = await barring.undo(session, campaign_id=campaign_id, now=now)
        assert undone == (1, 0)
        second = await further_copy(session, email, 2, now + 8 * DAY)
    await comes(database, bounce_of(second, email, LIKELY), now + 8 * DAY)
    assert await suppressed(database) == {}


async def test_a_provider_of_whom_nothing_came_is_refused_and_complaints_of_all_stay(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    async with database.begin() as session:
        campaign_id = await session.scalar(select(Campaign.id))
        assert campaign_id is not None
        with pytest.raises(barring.NoneOfProvider, match="nothing came back of campaign"):
            await barring.undo(session, campaign_id=campaign_id, provider="orange", now=now)
    await comes(database, complaint_of(number, email), now)
    async with database.begin() as session:
        with pytest.raises(barring.NoneOfProvider, match="but from other"):
            await barring.undo(session, campaign_id=campaign_id, provider="orange", now=now)
        undone = await barring.undo(session, campaign_id=campaign_id, provider="other", now=now)
    assert undone == (0, 0), "all bounces of a campaign: its complaints stay"
    assert await suppressed(database) == {email: SuppressionReason.COMPLAINT}
