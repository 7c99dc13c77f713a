"""Test copies: sent before campaigns, counted in none, and each told as it ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mailer.models import Campaign, CampaignState, Notice, Status
from mailer.notices import queue, writing
from mailer.notices.notice_sender import NoticeSender
from mailer.outcomes import Result
from mailer.smtp.relay import Relay as Address_
from mailer.smtp.smtp_courier import SMTPCourier
from pli.database import Database
from pli.keys import Keys
from subscribers import optout
from subscribers.models import SuppressionReason
from tests import factories as make
from tests.mailer.engine.running import first_copy, prepared, rests, working
from tests.mailer.notices.orders import ordered
from tests.relay import Relay


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


async def ended(database: Database, notice_id: int) -> Notice:
    async with asyncio.timeout(15):
        while True:
            async with database.reading() as session:
                notice = await session.get_one(Notice, notice_id)
            done = notice.status not in (Status.PENDING, Status.SENDING)
            waits = notice.status is Status.PENDING
            if done or (waits and (notice.attempts or notice.reason)):
                return notice
            await asyncio.sleep(0.02)


async def test_a_test_copy_arrives_marked_and_with_a_link_that_takes_nobody_off_a_list(
    database: Database, keys: Keys, now: datetime
) -> None:
    notice_id = await ordered(database, keys, now)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            notice = await ended(database, notice_id)
    assert (notice.status, notice.attempts, notice.reply_code) == (Status.SENT, 1, 250)
    (mail,) = relay.received
    assert mail.message["Subject"].startswith("[Test] ")
    assert mail.message["To"] == "autrice@example.org"
    assert "List-Unsubscribe" in mail.message


async def test_a_test_copy_does_not_wait_behind_a_campaign(
    database: Database, keys: Keys, now: datetime
) -> None:
    await prepared(database, keys, now, count=60, batch_size=60)
    with Relay(delay=0.1).running() as relay:
        async with working(database, keys, relay.url, connections=1):
            await first_copy(relay)
            notice = await ended(database, await ordered(database, keys, now))
            assert notice.status is Status.SENT
            async with database.reading() as session:
                assert await session.scalar(select(Campaign.state)) is CampaignState.RUNNING
    assert len(relay.received) < 40


@pytest.mark.parametrize(
    ("reply", "status", "reason"),
    [
        ("550 5.1.1 nobody here", Status.FAILED, "unknown_user"),
        ("451 4.7.1 later", Status.PENDING, None),
    ],
)
async def test_what_the_relay_said_stands_with_the_notice(
    reply: str,
    status: Status,
    reason: str | None,
    database: Database,
    keys: Keys,
    now: datetime,
) -> None:
    notice_id = await ordered(database, keys, now)
    with Relay(script=lambda stage, *_: reply if stage == "rcpt" else None).running() as relay:
        async with working(database, keys, relay.url):
            notice = await ended(database, notice_id)
    assert (notice.status, notice.reason) == (status, reason)
    assert f"{notice.reply_code} {notice.reply_text}" == reply
    assert (notice.next_attempt_at is not None) is (status is Status.PENDING)


async def test_a_suppressed_address_gets_no_test_copy(
    database: Database, keys: Keys, now: datetime
) -> None:
    notice_id = await ordered(database, keys, now)
    async with database.begin() as session:
        await session.run_sync(
            optout.suppress,
            address_key=keys.address_key("autrice@example.org"),
            reason=SuppressionReason.OBJECTION,
            source="by letter",
            now=now,
        )
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            notice = await ended(database, notice_id)
    assert (notice.status, notice.reason) == (Status.SKIPPED, "suppressed")
    assert not relay.received


async def test_what_a_dead_worker_had_in_hand_is_uncertain_and_its_late_truth_counts(
    database: Database, keys: Keys, now: datetime
) -> None:
    notice_id = await ordered(database, keys, now)
    async with database.begin() as session:
        assert len(await queue.claim_notices(session, lease=7, limit=5)) == 1
        assert await queue.claim_notices(session, lease=8, limit=5) == []
        await session.execute(update(Notice).values(lease_until=now - timedelta(seconds=5)))
    async with database.begin() as session:
        assert (await session.scalars(queue.notices_due())).all() == [notice_id]
        await queue.claim_notices(session, lease=8, limit=5)
    assert (await ended(database, notice_id)).status is Status.UNCERTAIN
    async with database.begin() as session:
        await queue.settle_notice(
            session,
            Result(notice_id, 1, now.timestamp(), make.accepted()),
            lease=7,
            relay="relay:25",
        )
    assert (await ended(database, notice_id)).status is Status.SENT


async def test_a_notice_that_cannot_be_composed_has_failed_and_holds_nobody_up(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=5)
    notice_id = await ordered(database, keys, now)
    async with database.begin() as session:
        await session.execute(update(Notice).values(content='{"list": 1, "frozen": "spoilt"}'))
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            notice = await ended(database, notice_id)
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert (notice.status, notice.reason) == (Status.FAILED, "other")
    assert notice.reply_code is None
    assert len(relay.received) == 5


@pytest.mark.parametrize(
    "fault", [ConnectionRefusedError(), PoolTimeout("connection timed out")], ids=["away", "busy"]
)
async def test_a_database_that_is_away_while_a_notice_is_composed_leaves_it_waiting(
    fault: Exception,
    database: Database,
    keys: Keys,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notice_id = await ordered(database, keys, now)

    async def away(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr(writing, "compose", away)
    with Relay().running() as relay:
        notice_sender = NoticeSender(
            database, keys, SMTPCourier(Address_.parse(relay.url), connections=1)
        )
        await notice_sender.send(notice_id)
    async with database.reading() as session:
        notice = await session.get_one(Notice, notice_id)
    assert (notice.status, notice.attempts, notice.lease) == (Status.PENDING, 0, None)


async def test_what_waited_for_the_relay_past_its_lease_and_comes_back_waits_again(
    database: Database, keys: Keys, now: datetime
) -> None:
    notice_id = await ordered(database, keys, now)
    async with database.begin() as session:
        await queue.claim_notices(session, lease=7, limit=5)
        await session.execute(update(Notice).values(lease_until=now - timedelta(seconds=5)))
    async with database.begin() as session:
        await queue.claim_notices(session, lease=8, limit=5)
        await queue.put_back_notice(session, notice_id, lease=7, due=now)
    async with database.reading() as session:
        notice = await session.get_one(Notice, notice_id)
    assert (notice.status, notice.attempts, notice.lease) == (Status.PENDING, 0, None)


async def test_a_clock_set_back_an_hour_holds_no_notice_up(
    database: Database, keys: Keys, now: datetime
) -> None:
    hour = timedelta(hours=1)
    dead = await ordered(database, keys, now + hour)
    async with database.begin() as session:
        assert len(await queue.claim_notices(session, lease=7, limit=5)) == 1
        await session.execute(update(Notice).values(lease_until=now + hour))
    fresh = await ordered(database, keys, now + hour)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert (await ended(database, fresh)).status is Status.SENT
            assert (await ended(database, dead)).status is Status.UNCERTAIN


async def test_a_relay_that_lets_nobody_in_is_told_with_the_notice_that_waits_for_it(
    database: Database, keys: Keys, now: datetime
) -> None:
    notice_id = await ordered(database, keys, now)
    said = "530 5.7.0 log in first"
    with Relay(script=lambda stage, *_: said if stage == "mail" else None).running() as relay:
        async with working(database, keys, relay.url):
            notice = await ended(database, notice_id)
    assert (notice.status, notice.attempts) == (Status.PENDING, 0)
    assert (notice.reason, notice.reply_text) == (queue.NO_RELAY, said)
