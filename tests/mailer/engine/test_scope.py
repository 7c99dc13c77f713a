"""An engine sends what its scope names, and nothing else that is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from mailer.campaign import lifecycle, scheduling
from mailer.campaign.finding import find_campaign
from mailer.ledger import leasing
from mailer.ledger.due import due
from mailer.models import Batch, CampaignState, Notice, Status
from mailer.notices import queue
from mailer.scope import EVERYTHING, Scope
from pli.database import Database
from pli.keys import Keys
from subscribers.models import List
from tests import factories as make
from tests.mailer.engine.running import ends, prepared, rests, working
from tests.mailer.ledger.in_work import claimed
from tests.mailer.notices.orders import ordered
from tests.relay import Relay


@pytest.fixture
def now() -> datetime:
    """The real time, for the engine uses the database's own clock."""
    return datetime.now(UTC)


async def another(database: Database, keys: Keys, now: datetime, *, started: bool = True) -> int:
    """Start a campaign of letter 2 to the same list; its id."""
    async with database.begin() as session:
        members = (await session.scalars(select(List))).one()
        campaign = await make.a_campaign(
            session, keys, [members], now=now, of=make.letter(number=2), started=started
        )
    return campaign.id


async def state(database: Database, campaign_id: int) -> CampaignState:
    async with database.reading() as session:
        return (await find_campaign(session, campaign_id)).state


async def notice(database: Database, notice_id: int) -> Status:
    async with database.reading() as session:
        return (await session.get_one(Notice, notice_id)).status


async def test_an_engine_for_one_campaign_leaves_another_running_one_alone(
    database: Database, keys: Keys, now: datetime
) -> None:
    wrong = await prepared(database, keys, now, count=30)
    right = await another(database, keys, now)
    test = await ordered(database, keys, now)
    with Relay().running() as relay:
        async with working(database, keys, relay.url, scope=Scope.of_campaign(right)) as engine:
            assert await rests(database, right) is CampaignState.FINISHED
            await engine.sweep()
    assert set((await ends(database, right)).values()) == {("sent", None)}
    assert set((await ends(database, wrong)).values()) == {("pending", None)}
    assert await state(database, wrong) is CampaignState.RUNNING
    assert await notice(database, test) is Status.SENT
    assert len(relay.received) == 31


async def test_a_notice_is_sent_and_no_campaign_and_no_other_notice(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign = await prepared(database, keys, now)
    first = await ordered(database, keys, now, "premiere@example.org")
    second = await ordered(database, keys, now, "seconde@example.org")
    with Relay().running() as relay:
        scope = Scope.of_notice(second)
        async with working(database, keys, relay.url, scope=scope) as engine:
            while await notice(database, second) is not Status.SENT:
                await engine.sweep()
            await engine.sweep()
    assert relay.recipients == {"seconde@example.org": 1}
    assert await notice(database, first) is Status.PENDING
    assert set((await ends(database, campaign)).values()) == {("pending", None)}


async def test_each_question_of_a_sweep_asks_within_the_scope(
    database: Database, keys: Keys, now: datetime
) -> None:
    running = await prepared(database, keys, now, count=3, batch_size=3)
    done = await another(database, keys, now)
    async with database.begin() as session:
        await session.execute(
            update(Batch).where(Batch.campaign_id == done).values(pending=0, sent=Batch.pending)
        )
    async with database.begin() as session:
        members = (await session.scalars(select(List))).one()
        draft = await make.a_draft(session, keys, [members], now=now, of=make.letter(number=3))
        await scheduling.schedule(
            session, campaign_id=draft.id, at=now - timedelta(seconds=1), zone="UTC"
        )
        over = await make.a_campaign(session, keys, [members], now=now, of=make.letter(number=4))
        over.not_after, over.not_after_zone = now - timedelta(seconds=1), "UTC"
    await ordered(database, keys, now)

    async def found(scope: Scope) -> tuple[set[int], set[int], set[int], set[int], bool]:
        async with database.reading() as session:
            return (
                {it.campaign_id for it in await due(session, limit=9, scope=scope)},
                set(await session.scalars(lifecycle.finishable(scope=scope))),
                set(await session.scalars(scheduling.ended(scope=scope))),
                set(await session.scalars(scheduling.launchable(scope=scope))),
                bool((await session.scalars(queue.notices_due(scope=scope))).all()),
            )

    assert await found(EVERYTHING) == ({running, over.id}, {done}, {over.id}, {draft.id}, True)
    assert await found(Scope.of_campaign(running)) == ({running}, set(), set(), set(), True)
    assert await found(Scope.of_campaign(done)) == (set(), {done}, set(), set(), True)
    assert await found(Scope.of_campaign(over.id)) == ({over.id}, set(), {over.id}, set(), True)
    assert await found(Scope.of_campaign(draft.id)) == (set(), set(), set(), {draft.id}, True)
    assert await found(Scope.of_notice(1)) == (set(), set(), set(), set(), True)
    assert await found(Scope.of_notice(99)) == (set(), set(), set(), set(), False)


async def test_the_next_sender_settles_what_a_dead_worker_left_in_a_cancelled_campaign(
    database: Database, keys: Keys, now: datetime
) -> None:
    given_up = await prepared(database, keys, now, count=4, batch_size=4)
    await claimed(database, 4)
    async with database.begin() as session:
        await lifecycle.cancel(session, campaign_id=given_up, now=now)
        await leasing.end_leases(session)
    sent = await another(database, keys, now)
    with Relay().running() as relay:
        async with working(database, keys, relay.url, scope=Scope.of_campaign(sent)) as engine:
            assert await rests(database, sent) is CampaignState.FINISHED
            while "sending" in {it for it, _ in (await ends(database, given_up)).values()}:
                await engine.sweep()
    assert set((await ends(database, given_up)).values()) == {("uncertain", None)}
    assert len(relay.received) == 4


async def test_a_batch_out_of_scope_without_rows_left_by_the_dead_is_not_taken(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=4, batch_size=4)
    async with database.begin() as session:
        (batch_id,) = (await session.scalars(select(Batch.id))).all()
        taken = await session.run_sync(
            leasing.take, batch_id=batch_id, lease=7, scope=Scope.of_campaign(campaign_id + 1)
        )
    assert taken is None
