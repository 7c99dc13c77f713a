"""Which people are candidates, which are excluded and why; preparing twice adds nobody."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import lifecycle
from mailer.campaign.finding import CampaignError, find_campaign, reason_of
from mailer.ledger import balance
from mailer.models import Audience, Batch, Campaign, CampaignState, Delivery, Status
from pli.database import Database
from pli.keys import Keys
from pli.language import say
from subscribers import consent, optout
from subscribers.models import Subscriber, SuppressionReason
from tests import factories as make


async def table(session: AsyncSession, campaign: Campaign) -> dict[str, tuple[str, str | None]]:
    rows = await session.execute(
        select(Subscriber.first_name, Delivery.status, Delivery.reason)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(Delivery.campaign_id == campaign.id)
    )
    return {name.lower(): (status.value, reason) for name, status, reason in rows}


async def test_each_candidate_has_a_row_and_each_excluded_one_its_first_reason(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.a_person(session, keys, "alice", members, now=now)
        await make.a_person(session, keys, "bob", members, now=now, confirmed=False)
        carla = await make.a_person(session, keys, "carla", members, now=now)
        dino = await make.a_person(session, keys, "dino", members, now=now)
        emma = await make.a_person(session, keys, "emma", members, now=now)
        await make.a_person(session, keys, "stranger", now=now)
        for person in (carla, dino):
            await optout.unsubscribe(
                session, subscriber_id=person.id, list_id=members.id, source="test", now=now
            )
        await session.run_sync(
            optout.suppress,
            address_key=dino.address_key,
            reason=SuppressionReason.OBJECTION,
            source="test",
            now=now,
        )
        await consent.pause(
            session, subscriber_id=emma.id, list_id=members.id, source="test", now=now
        )
        campaign = await make.a_campaign(session, keys, [members], now=now)
        assert await table(session, campaign) == {
            "alice": ("pending", None),
            "bob": ("excluded", "unconfirmed"),
            "carla": ("excluded", "left"),
            "dino": ("excluded", "suppressed"),
            "emma": ("excluded", "paused"),
        }
        await session.refresh(campaign)
        assert campaign.excluded == {"unconfirmed": 1, "left": 1, "suppressed": 1, "paused": 1}
        assert await balance.faults(session, campaign_id=campaign.id) == []


async def test_who_is_on_two_lists_gets_one_copy_under_the_first_that_may(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        first = await make.a_list(session, "premiere", now=now)
        second = await make.a_list(session, "seconde", now=now)
        both = await make.a_person(session, keys, "both", first, second, now=now)
        gone = await make.a_person(session, keys, "gone", first, second, now=now)
        await optout.unsubscribe(
            session, subscriber_id=gone.id, list_id=first.id, source="test", now=now
        )
        campaign = await make.a_campaign(session, keys, [first, second], now=now)
        rows = await session.execute(
            select(Delivery.subscriber_id, Delivery.list_id, Delivery.status).where(
                Delivery.campaign_id == campaign.id
            )
        )
        assert {row[0]: (row[1], row[2]) for row in rows} == {
            both.id: (first.id, Status.PENDING),
            gone.id: (second.id, Status.PENDING),
        }


async def test_batches_hold_their_size_and_count_their_rows(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 7, now=now)
        campaign = await make.a_campaign(session, keys, [members], now=now, batch_size=3)
        batches = await session.execute(
            select(Batch.number, Batch.pending).where(Batch.campaign_id == campaign.id)
        )
        assert sorted(map(tuple, batches)) == [(1, 3), (2, 3), (3, 1)]


async def test_preparing_twice_adds_no_row(database: Database, keys: Keys, now: datetime) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 3, now=now)
        campaign = await make.a_campaign(session, keys, [members], now=now, started=False)
        before = await table(session, campaign)
        await lifecycle.prepare(session, campaign_id=campaign.id, batch_size=1, now=now)
        assert await table(session, campaign) == before


async def test_again_new_reaches_only_people_without_a_copy_of_the_letter(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.a_person(session, keys, "old", members, now=now)
        late = await make.a_person(session, keys, "late", members, now=now, confirmed=False)
        await make.a_campaign(session, keys, [members], now=now)
        await consent.confirm(
            session, subscriber_id=late.id, list_id=members.id, source="test", now=now
        )
        await make.a_person(session, keys, "new", members, now=now)
        again = await make.a_campaign(session, keys, [members], now=now, audience=Audience.NEW)
        assert await table(session, again) == {
            "old": ("excluded", "already"),
            "late": ("pending", None),
            "new": ("pending", None),
        }
        everybody = await make.a_campaign(session, keys, [members], now=now, audience=Audience.ALL)
        assert {it[0] for it in (await table(session, everybody)).values()} == {"pending"}


async def test_cancelling_skips_the_copies_that_wait(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 2, now=now)
        campaign = await make.a_campaign(session, keys, [members], now=now)
        await lifecycle.pause(session, campaign_id=campaign.id, reason=say("for the relay"))
        await lifecycle.cancel(session, campaign_id=campaign.id, now=now)
        await session.refresh(campaign)
        assert reason_of(campaign) is None, "that of its pause is none of its end"
        assert set((await table(session, campaign)).values()) == {("skipped", "cancelled")}
        assert await balance.faults(session, campaign_id=campaign.id) == []
        with pytest.raises(CampaignError, match="cancelled"):
            await lifecycle.resume(session, campaign_id=campaign.id)


async def test_a_campaign_with_a_wrong_balance_is_not_finished_and_says_where(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 2, now=now)
        campaign = await make.a_campaign(session, keys, [members], now=now)
        await session.execute(
            update(Batch).where(Batch.campaign_id == campaign.id).values(pending=0, sent=2)
        )
    with pytest.raises(CampaignError) as refused:
        async with database.begin() as session:
            await lifecycle.finish(session, campaign_id=campaign.id, now=now)
    assert "batch 1 counts 0 pending, its rows are 2" in str(refused.value)
    async with database.reading() as session:
        found = await find_campaign(session, campaign.id)
        assert found.state is CampaignState.RUNNING


async def test_a_campaign_changed_after_its_approval_is_not_sent(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 3, now=now)
        made = await make.a_campaign(session, keys, [members], now=now, started=False)
        made.approved_hash, made.approved_by = made.frozen_hash, "Relectrice"
        made.created_by = "Auteur"
    async with database.begin() as session:
        await session.execute(
            update(Campaign).values(frozen=func.replace(Campaign.frozen, "a", "b"))
        )
        with pytest.raises(CampaignError, match="not what was approved"):
            await lifecycle.start(session, campaign_id=made.id, second_person=True, now=now)


async def test_each_batch_has_one_list_and_provider_and_first_batches_come_first(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        first = await make.a_list(session, "membres", now=now)
        second = await make.a_list(session, "elus", now=now)
        for n, host in enumerate(["orange.fr", "wanadoo.fr", "Orange.FR", "example.org"]):
            await make.a_person(session, keys, f"p{n}", first, now=now, host=host)
        await make.a_person(session, keys, "p4", second, now=now, host="orange.fr")
        campaign = await make.a_campaign(session, keys, [first, second], now=now, batch_size=2)
        batches = await session.execute(
            select(Batch.number, Batch.list_id, Batch.provider, Batch.pending)
            .where(Batch.campaign_id == campaign.id)
            .order_by(Batch.number)
        )
        assert [tuple(it) for it in batches] == [
            (1, first.id, "orange", 2),
            (2, first.id, "other", 1),
            (3, second.id, "orange", 1),
            (4, first.id, "orange", 1),
        ]
        rows = await session.execute(
            select(Delivery.batch, Delivery.list_id).where(Delivery.campaign_id == campaign.id)
        )
        assert {tuple(it) for it in rows} == {
            (1, first.id), (2, first.id), (3, second.id), (4, first.id)
        }  # fmt: skip
