"""An order is refused if its letter would go out twice; else it makes or resumes a campaign."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import lifecycle, ordering
from mailer.campaign.finding import CampaignError, find_campaign
from mailer.campaign.ordering import Order, OrderError
from mailer.campaign.policy import SendingPolicy
from mailer.campaign.sending_hours import SendingHours
from mailer.models import Audience, Batch, Campaign, CampaignState
from pli.actor import Actor
from pli.database import Database
from pli.hours import Hour
from pli.keys import Keys
from pli.quiet import Quiet
from subscribers.lists import ListError
from tests import factories as make

AUTHOR = Actor.account(1, "Autrice")
READER = Actor.account(2, "Relectrice")

NIGHT = SendingHours(Quiet(time(21), time(7)), "Europe/Paris")


@pytest.fixture
def policy(keys: Keys) -> SendingPolicy:
    """A policy with two people a batch, two further tries, and quiet hours at night."""
    return SendingPolicy(
        token_key=keys.current, batch_size=2, retry_delays=(60.0, 300.0), hours=NIGHT
    )


@pytest.fixture(autouse=True)
async def three_members(database: Database, keys: Keys, now: datetime) -> None:
    """Make the list membres with three people, and the empty list autres."""
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.a_list(session, "autres", now=now)
        await make.members(session, keys, members, 3, now=now)


async def ordered(
    session: AsyncSession,
    *,
    body: str = "# Une séance\n",
    to: tuple[str, ...] = ("membres",),
    segment: str = "",
    again: Audience | None = None,
) -> Order:
    return await ordering.order(
        session,
        frozen=make.frozen(make.letter(body=body)),
        list_names=to,
        segment=segment,
        again=again,
    )


async def released(database: Database, policy: SendingPolicy, now: datetime) -> int:
    """Send the letter to the members; the campaign's id."""
    async with database.begin() as session:
        order = await ordered(session)
        return await ordering.release(session, order=order, policy=policy, by=AUTHOR, now=now)


async def test_a_letter_that_was_never_sent_is_released_by_the_policy(
    database: Database, policy: SendingPolicy, now: datetime
) -> None:
    campaign_id = await released(database, policy, now)
    async with database.reading() as session:
        campaign = await find_campaign(session, campaign_id)
        assert campaign.state is CampaignState.RUNNING
        assert campaign.token_key == policy.token_key
        assert campaign.retry_delays == [60.0, 300.0]
        assert SendingHours.of(campaign) == NIGHT
        assert await session.scalar(select(func.count()).select_from(Batch)) == 2


async def test_the_order_overrides_the_policy(
    database: Database, policy: SendingPolicy, now: datetime
) -> None:
    end = SendingHours(end=Hour(now + timedelta(hours=3), "Europe/Paris"))
    async with database.begin() as session:
        order = replace(await ordered(session), retry_delays=(), hours=end)
        campaign_id = await ordering.create(session, order=order, policy=policy, by=AUTHOR, now=now)
    async with database.reading() as session:
        campaign = await find_campaign(session, campaign_id)
    assert (campaign.state, campaign.created_by) == (CampaignState.DRAFT, "Autrice (#1)")
    assert campaign.retry_delays == []
    assert SendingHours.of(campaign) == end


async def test_the_same_letter_is_refused_unless_the_order_says_to_whom_again(
    database: Database, policy: SendingPolicy, now: datetime
) -> None:
    campaign_id = await released(database, policy, now)
    async with database.begin() as session:
        await session.execute(update(Campaign).values(state=CampaignState.FINISHED))
    async with database.reading() as session:
        with pytest.raises(OrderError, match=f"sent in campaign {campaign_id} on .*--again new"):
            await ordered(session)
        order = await ordered(session, again=Audience.NEW)
        assert (order.go_on_with, order.audience) == (None, Audience.NEW)
        with pytest.raises(OrderError, match="with another text"):
            await ordered(session, body="# Autre chose\n", again=Audience.ALL)
        assert (await ordered(session, to=("autres",))).go_on_with is None


async def test_an_unfinished_campaign_for_the_same_order_is_resumed(
    database: Database, policy: SendingPolicy, now: datetime
) -> None:
    campaign_id = await released(database, policy, now)
    async with database.begin() as session:
        await lifecycle.pause(session, campaign_id=campaign_id)
        order = await ordered(session)
        assert order.go_on_with == campaign_id
        with pytest.raises(OrderError, match="is there for just that"):
            ordering.refuse_what_is_there(order)
    assert await released(database, policy, now) == campaign_id
    async with database.reading() as session:
        campaign = await find_campaign(session, campaign_id)
        assert campaign.state is CampaignState.RUNNING
        with pytest.raises(OrderError, match="has the unfinished campaign"):
            await ordered(session, segment="list:membres")


async def test_a_campaign_whose_end_has_passed_is_not_resumed(
    database: Database, policy: SendingPolicy, now: datetime
) -> None:
    campaign_id = await released(database, policy, now)
    over = SendingHours(end=Hour(now - timedelta(hours=1), "UTC"))
    async with database.begin() as session:
        await lifecycle.pause(session, campaign_id=campaign_id)
        order = replace(await ordered(session), hours=over)
        with pytest.raises(OrderError, match="its end has passed"):
            await ordering.release(session, order=order, policy=policy, by=AUTHOR, now=now)


async def test_an_older_order_does_not_send_what_was_sent_meanwhile(
    database: Database, policy: SendingPolicy, now: datetime
) -> None:
    async with database.reading() as session:
        order = await ordered(session)
    campaign_id = await released(database, policy, now)
    async with database.begin() as session:
        for verb in (ordering.release, ordering.create, ordering.prepare):
            with pytest.raises(OrderError, match=f"campaign {campaign_id} .* made meanwhile"):
                await verb(session, order=order, policy=policy, by=AUTHOR, now=now)


async def test_preparing_tells_how_many_copies_wait_before_anything_is_kept(
    database: Database, policy: SendingPolicy, now: datetime
) -> None:
    async with database.begin() as session:
        order = await ordered(session)
        foreseen = await ordering.prepare(session, order=order, policy=policy, by=AUTHOR, now=now)
        await session.rollback()
    assert foreseen.waiting == 3
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Campaign)) == 0


async def test_where_a_second_person_must_approve_nobody_sends_alone(
    database: Database, policy: SendingPolicy, now: datetime
) -> None:
    policy = replace(policy, second_person=True)
    at = Hour(now + timedelta(hours=1), "UTC")
    async with database.begin() as session:
        order = await ordered(session)
        with pytest.raises(OrderError, match="a second person must approve it"):
            await ordering.release(session, order=order, policy=policy, by=AUTHOR, now=now)
        with pytest.raises(OrderError, match="a second person must approve it"):
            await ordering.schedule(session, order=order, policy=policy, at=at, by=AUTHOR, now=now)
        campaign_id = await ordering.create(session, order=order, policy=policy, by=AUTHOR, now=now)
    async with database.begin() as session:
        with pytest.raises(CampaignError, match="waits for a second person"):
            await ordering.release(
                session, order=await ordered(session), policy=policy, by=AUTHOR, now=now
            )
        await session.rollback()
    async with database.begin() as session:
        await lifecycle.approve(session, campaign_id=campaign_id, by=READER, now=now)
        order = await ordered(session)
        assert (
            await ordering.release(session, order=order, policy=policy, by=AUTHOR, now=now)
            == campaign_id
        )


@pytest.mark.parametrize(
    ("maker", "approver", "second"),
    [
        (AUTHOR, READER, True),
        (AUTHOR, AUTHOR, False),
        # By another name since, and by the shell: still the same account.
        (AUTHOR, Actor.account(1, "Mariée", said_by="root"), False),
        (Actor.account(1, "Autrice", said_by="root"), AUTHOR, False),
        # Two people may have one name.
        (AUTHOR, Actor.account(2, "Autrice"), True),
        (Actor.system("anne"), Actor.system("anne"), False),
        (Actor.system("anne"), Actor.system("jean"), True),
        (Actor.system("anne"), Actor.account(1, "anne"), True),
    ],
)
async def test_a_second_person_is_another_account_whatever_the_names_say(
    database: Database,
    policy: SendingPolicy,
    now: datetime,
    maker: Actor,
    approver: Actor,
    second: bool,
) -> None:
    async with database.begin() as session:
        order = await ordered(session)
        campaign_id = await ordering.create(session, order=order, policy=policy, by=maker, now=now)
    async with database.begin() as session:
        if second:
            await lifecycle.approve(
                session, campaign_id=campaign_id, by=approver, second_person=True, now=now
            )
        else:
            with pytest.raises(CampaignError, match=f"was made by {maker.name}: somebody else"):
                await lifecycle.approve(
                    session, campaign_id=campaign_id, by=approver, second_person=True, now=now
                )
            # Approved while one person was enough; then the setting changed.
            await lifecycle.approve(session, campaign_id=campaign_id, by=approver, now=now)
        campaign = await find_campaign(session, campaign_id)
        await session.refresh(campaign)
        assert (campaign.created_by, campaign.approved_by) == (maker.text, approver.text)
        if second:
            lifecycle.refuse_unseen(campaign, True)
        else:
            with pytest.raises(CampaignError, match="waits for a second person"):
                lifecycle.refuse_unseen(campaign, True)


async def test_an_order_with_an_hour_waits_for_it_and_is_made_once(
    database: Database, policy: SendingPolicy, now: datetime
) -> None:
    at = Hour(now + timedelta(hours=1), "Europe/Paris")
    async with database.begin() as session:
        order = await ordered(session)
        campaign_id = await ordering.schedule(
            session, order=order, policy=policy, at=at, by=AUTHOR, now=now
        )
    async with database.begin() as session:
        campaign = await find_campaign(session, campaign_id)
        assert (campaign.state, campaign.scheduled_at) == (CampaignState.SCHEDULED, at.moment)
        with pytest.raises(OrderError, match="is there for just that"):
            await ordering.schedule(
                session, order=await ordered(session), policy=policy, at=at, by=AUTHOR, now=now
            )


async def test_an_hour_after_the_end_is_refused(
    database: Database, policy: SendingPolicy, now: datetime
) -> None:
    end = SendingHours(end=Hour(now + timedelta(hours=1), "UTC"))
    late = Hour(now + timedelta(hours=2), "UTC")
    async with database.begin() as session:
        order = replace(await ordered(session), hours=end)
        with pytest.raises(CampaignError, match="would begin after its end"):
            await ordering.schedule(
                session, order=order, policy=policy, at=late, by=AUTHOR, now=now
            )


async def test_a_list_is_named_once_and_must_be_there(database: Database) -> None:
    async with database.reading() as session:
        order = await ordered(session, to=("autres", "membres", "autres"))
        assert len(order.list_ids) == 2
        with pytest.raises(ListError, match='is "membres" meant'):
            await ordered(session, to=("membre",))
