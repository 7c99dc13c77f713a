"""Whoever bars or lifts the addresses of a campaign waits in line with those who end it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces import deciding
from mailer.campaign import barring, lifecycle
from mailer.ledger import settling
from mailer.models import Campaign, Stage
from mailer.outcomes import Result, judge
from pli.database import Database
from pli.keys import Keys
from subscribers.models import Suppression
from tests.mailer.engine.running import prepared
from tests.mailer.ledger.in_work import claimed


async def lift_and_retry(session: AsyncSession, campaign_id: int) -> None:
    """What `pli campaign retry --failed --lift` does."""
    await barring.lift(session, campaign_id=campaign_id, now=datetime.now(UTC))
    await lifecycle.retry(session, campaign_id=campaign_id, uncertain=False, failed=True)


async def suppress(session: AsyncSession, campaign_id: int) -> None:
    await barring.suppress(session, campaign_id=campaign_id, now=datetime.now(UTC))


@pytest.mark.parametrize(("verb", "left"), [(lift_and_retry, 0), (suppress, 3)])
async def test_a_set_is_lifted_or_barred_only_when_its_campaign_is_free(
    database: Database, keys: Keys, verb: object, left: int
) -> None:
    now = datetime.now(UTC)
    campaign_id = await prepared(database, keys, now, count=3, batch_size=3)
    taken, rows = await claimed(database, 3)
    refused = [Result(it.id, 1, now.timestamp(), judge(Stage.RCPT, 550, "5.1.1")) for it in rows]
    async with database.begin() as session:
        await session.run_sync(settling.settle, taken, refused, relay="r:25", delays=[], now=now)
        await suppress(session, campaign_id)

    async def beside() -> None:
        async with database.begin() as session:
            assert callable(verb)
            await verb(session, campaign_id)

    async with database.begin() as session:
        # As `finish` does: first its campaign, and then the addresses.
        await session.execute(
            select(Campaign.id).where(Campaign.id == campaign_id).with_for_update()
        )
        other = asyncio.create_task(beside())
        await asyncio.sleep(0.5)
        await session.run_sync(deciding.believe, campaign_id, now)
    await other
    async with database.reading() as session:
        counted = await session.scalar(select(func.count()).select_from(Suppression))
    assert counted == left
