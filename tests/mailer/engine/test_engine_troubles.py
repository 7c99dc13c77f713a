"""Troubles that an engine must survive: each once held it up for ever, or made it send twice."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.util import await_only

from commands import following, send_test
from commands.common import Installation
from mailer.bounces import deciding
from mailer.bounces.burst import Burst
from mailer.campaign import lifecycle, ordering
from mailer.campaign.ordering import Order
from mailer.campaign.policy import SendingPolicy
from mailer.engine import constants, gate
from mailer.engine.batch_run import BatchRun
from mailer.engine.batch_work import BatchWork
from mailer.engine.ending import Ending
from mailer.engine.engine import Engine
from mailer.engine.journal import Journal
from mailer.engine.sweep import Sweep
from mailer.ledger import claiming, leasing, rows, settle_and_claim, settling
from mailer.ledger.holding import Holding
from mailer.models import Audience, Batch, Campaign, CampaignState, Delivery, Stage, Status
from mailer.outcomes import Result, judge
from mailer.providers import WHOLE
from mailer.smtp.relay import Relay as Address
from mailer.smtp.smtp_courier import SMTPCourier
from pli.actor import Actor
from pli.clocks import boot_time
from pli.database import Database, DatabaseAway
from pli.errors import PliError
from pli.keys import Keys
from pli.settings import Settings
from tests import factories as make
from tests.mailer.engine import killed_worker
from tests.mailer.engine.running import NO_PATIENCE, ends, first_copy, prepared, rests, working
from tests.mailer.ledger.in_work import claimed
from tests.relay import Relay

AUTHOR = Actor.account(1, "Autrice")

# SQLite writes one transaction after the other, so two of them never wait for each other there.
on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


async def test_a_copy_put_back_by_its_connection_after_a_recall_still_leaves(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=30, batch_size=30)
    recalled: list[str] = []

    def script(stage: str, recipient: str, times: int) -> str | None:
        del recipient, times
        if stage == "mail" and recalled == ["now"]:
            recalled.append("done")
            return "421 4.3.2 going down"
        return None

    with Relay(delay=0.05, script=script).running() as relay:
        async with working(database, keys, relay.url, connections=1) as engine:
            await first_copy(relay)
            engine._failover.recall(lambda copy: copy.rcpt_to == "p029@example.org")
            recalled.append("now")
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert recalled == ["now", "done"]
    assert set((await ends(database, campaign_id)).values()) == {("sent", None)}


@on_postgresql
async def test_two_sendings_of_a_letter_ordered_at_one_moment_are_one(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 3, now=now)
    policy = SendingPolicy(token_key=keys.current, batch_size=100, retry_delays=())
    order = Order(make.frozen(), [members.id], "", "", Audience.FIRST, None)

    async def release() -> int:
        async with database.begin() as session:
            return await ordering.release(session, order=order, policy=policy, by=AUTHOR, now=now)

    async with database.begin() as session:
        await ordering.release(session, order=order, policy=policy, by=AUTHOR, now=now)
        second = asyncio.create_task(release())
        await asyncio.sleep(0.3)
        assert not second.done()
    with pytest.raises(PliError, match="meanwhile"):
        await second


async def test_a_sending_whose_engine_dies_ends_with_the_reason(
    database: Database, keys: Keys, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await prepared(database, keys, now, count=4)

    async def dies(_self: Sweep) -> bool:
        raise RuntimeError("something unforeseen")

    monkeypatch.setattr(Sweep, "step", dies)
    with Relay().running() as relay:
        settings = Settings(
            relay_url=relay.url, relay_connections=2, journal_folder=tmp_path, batch_size=100
        )
        installation = Installation(settings, keys, database)
        async with asyncio.timeout(20):
            with pytest.raises(RuntimeError, match="unforeseen"):
                await following.work_or_watch(installation, campaign_id, quiet=True)


async def test_a_test_copy_whose_engine_dies_ends_with_the_reason(
    database: Database, keys: Keys, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.begin() as session:
        await make.a_list(session, "membres", now=now)

    async def dies(_self: Sweep) -> bool:
        raise RuntimeError("something unforeseen")

    monkeypatch.setattr(Sweep, "step", dies)
    with Relay().running() as relay:
        settings = Settings(
            relay_url=relay.url, relay_connections=2, journal_folder=tmp_path, batch_size=100
        )
        installation = Installation(settings, keys, database)
        began = time.monotonic()
        async with asyncio.timeout(20):
            with pytest.raises(RuntimeError, match="unforeseen"):
                await send_test.send_one(
                    installation, make.frozen(), "membres", "autrice@example.org", as_json=False
                )
    # Cancelled by the timeout, it would raise the same error: it must end by itself before.
    assert time.monotonic() - began < 10


@on_postgresql
async def test_a_finish_beside_a_retry_neither_waits_for_it_nor_forgets_what_waits_again(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2, batch_size=2)
    async with database.begin() as session:
        await session.execute(update(Delivery).values(status=Status.FAILED, reason="other"))
        await session.execute(update(Batch).values(pending=0, failed=2))

    async def finish() -> bool:
        async with database.begin() as session:
            return await lifecycle.finish(session, campaign_id=campaign_id, now=now)

    async with database.begin() as session:
        await lifecycle.retry(session, campaign_id=campaign_id, uncertain=False, failed=True)
        assert not await finish()
    assert not await finish()
    async with database.reading() as session:
        assert await session.scalar(select(Campaign.state)) is CampaignState.RUNNING


@on_postgresql
async def test_a_copy_to_send_again_does_not_wait_for_its_batchs_next_try(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2, batch_size=2)
    taken, rows = await claimed(database, 2)
    outcomes = [judge(Stage.RCPT, 550, "5.2.2 full"), judge(Stage.RCPT, 451, "4.7.1 later")]
    results = [
        Result(row.id, 1, now.timestamp(), it) for row, it in zip(rows, outcomes, strict=True)
    ]
    async with database.begin() as session:
        await session.run_sync(
            settling.settle, taken, results, relay="r", delays=[14_400.0], now=now
        )

    async def release() -> None:
        async with database.begin() as session:
            await session.run_sync(leasing.release, taken)

    async with database.begin() as session:
        await lifecycle.retry(session, campaign_id=campaign_id, uncertain=False, failed=True)
        releasing = asyncio.create_task(release())
        await asyncio.sleep(0.3)
        assert not releasing.done()
    await releasing
    async with database.reading() as session:
        due_at = await session.scalar(select(Batch.due_at))
    assert due_at is not None
    assert due_at <= await database.now()


async def test_a_batch_held_back_is_due_again_by_the_database_clock(
    database: Database, keys: Keys, now: datetime
) -> None:
    await prepared(database, keys, now, count=2, batch_size=2)
    taken, _rows = await claimed(database, 1)
    async with database.begin() as session:
        await session.run_sync(leasing.release, taken, wait=60.0)
    async with database.reading() as session:
        due_at = await session.scalar(select(Batch.due_at))
    assert due_at is not None
    assert 50 < (due_at - await database.now()).total_seconds() <= 60


async def test_a_heartbeat_that_fails_once_still_renews_the_lease(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = killed_worker.shorten_leases()
    try:
        campaign_id = await prepared(database, keys, now, count=25, batch_size=25)
        real = leasing.renew
        renewals: list[bool] = []

        def renew(session: Any, taken: Any) -> bool:
            renewals.append(bool(renewals) and real(session, taken))
            if len(renewals) == 1:
                raise PoolTimeout("connection timed out, timeout 30.00")
            return renewals[-1]

        monkeypatch.setattr(leasing, "renew", renew)
        with Relay(delay=0.1).running() as relay:
            async with working(database, keys, relay.url, connections=1):
                assert await rests(database, campaign_id) is CampaignState.FINISHED
        assert renewals[:2] == [False, True]
    finally:
        back()
    assert set((await ends(database, campaign_id)).values()) == {("sent", None)}


async def test_copies_of_a_run_without_a_heartbeat_do_not_leave(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await prepared(database, keys, now, count=60, batch_size=60)
    broken: list[str] = []
    real = claiming.hindered

    async def hindered(session: Any, ids: Any) -> Any:
        if not broken:
            broken.append("once")
            raise RuntimeError("something unforeseen")
        return await real(session, ids)

    monkeypatch.setattr(claiming, "hindered", hindered)
    with Relay(delay=0.1).running() as relay:
        async with working(database, keys, relay.url, connections=2):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert broken
    assert max(relay.recipients.values()) == 1
    assert set((await ends(database, campaign_id)).values()) == {("sent", None)}


async def test_a_pause_is_tried_again_while_the_database_is_away(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "WATCH_SECONDS", 0.05)
    campaign_id = await prepared(database, keys, now, count=40, batch_size=40)
    away = iter([True, True])
    pause = lifecycle.pause

    async def sometimes(*args: Any, **options: Any) -> bool:
        if next(away, False):
            raise DatabaseAway("the database is away")
        return await pause(*args, **options)

    monkeypatch.setattr(lifecycle, "pause", sometimes)

    def refuse(stage: str, recipient: str, times: int) -> str | None:
        del recipient, times
        return "550 5.7.1 not you" if stage == "rcpt" else None

    with Relay(script=refuse).running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    assert next(away, None) is None


@on_postgresql
async def test_two_late_findings_on_a_finished_campaign_do_not_deadlock(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2, batch_size=1)
    async with database.begin() as session:
        await session.execute(update(Campaign).values(state=CampaignState.FINISHED))
    held = asyncio.Barrier(2)

    async def tell() -> bool:
        async with database.begin() as session:
            with suppress(TimeoutError):  # one transaction may have to wait for the other
                async with asyncio.timeout(0.5):
                    await held.wait()
            await session.run_sync(rows.lock_campaign, campaign_id)
            await asyncio.sleep(0.1)
            return await session.run_sync(lifecycle.reopen, campaign_id=campaign_id)

    async with asyncio.timeout(10):
        told = await asyncio.gather(tell(), tell())
    assert sorted(told) == [False, True]


@on_postgresql
async def test_two_late_bursts_on_a_cancelled_campaign_do_not_deadlock(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2, batch_size=1)
    async with database.begin() as session:
        await session.execute(update(Campaign).values(state=CampaignState.CANCELLED))
    held = asyncio.Barrier(2)

    async def settle() -> None:
        async with database.begin() as session:
            with suppress(TimeoutError):  # one transaction may have to wait for the other
                async with asyncio.timeout(0.5):
                    await held.wait()
            await session.run_sync(rows.lock_campaign, campaign_id)
            await asyncio.sleep(0.1)
            await session.run_sync(deciding.hold, campaign_id, Burst(WHOLE, 20, 20), now)

    async with asyncio.timeout(10):
        await asyncio.gather(settle(), settle())


async def test_returned_copies_are_put_back_once_though_the_next_claim_fails(
    database: Database, keys: Keys, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await prepared(database, keys, now, count=3, batch_size=3)
    taken, _rows = await claimed(database, 0)
    journal = Journal(tmp_path, "tests")
    courier = SMTPCourier(Address.parse("smtp://127.0.0.1:9?tls=none"), connections=3)
    engine = Engine(database, keys, courier, journal=journal, connections=3)
    holding = Holding()
    holding.renewed(boot_time(), 30)
    notes = journal.begin(taken.id, taken.lease, "relay:25")
    async with database.reading() as session:
        passage = await gate.passage(session, taken.id)
    context = engine._context
    run = BatchRun(
        context,
        taken,
        await context.pressed.of(campaign_id, live=set),
        holding,
        notes,
        courier,
        context.pacers.of(courier),
        context.slots.open,
        passage,
    )
    window = await run._next()
    assert window is not None
    for copy in list(window.open.values()):
        copy.give_back()
    run.end(Ending.STOPPED)

    real = BatchRun._settle_and_claim
    broken: list[bool] = []

    async def fails_once(self: BatchRun, sent: Any, permit: Any) -> Any:
        if broken:
            return await real(self, sent, permit)
        broken.append(True)
        # Another window of the same taking had begun its claim earlier, and gets the rows now.
        await database.transact(
            settle_and_claim.settle_and_claim, taken, [], relay="relay:25", size=3
        )
        raise DatabaseAway("the database is away")

    monkeypatch.setattr(BatchRun, "_settle_and_claim", fails_once)
    await run._record(window)
    assert set((await ends(database, campaign_id)).values()) == {("sending", None)}
    assert run.unclear, "the journal is kept, and tells of what nobody carries"
    notes.close(all_settled=True)


@on_postgresql
async def test_two_batches_given_up_at_one_moment_pause_their_campaign(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    campaign_id = await prepared(database, keys, now, count=4, batch_size=2)
    async with database.begin() as session:
        await session.execute(update(Batch).values(takings=3))
    real = leasing.take
    both = asyncio.Barrier(2)

    def take(session: Any, **named: Any) -> Any:
        taken = real(session, **named)
        await_only(both.wait())
        return taken

    monkeypatch.setattr(leasing, "take", take)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    assert not [it for it in caplog.records if it.message in ("work.failed", "delivery.batch_left")]


async def test_a_window_that_fails_in_an_unforeseen_way_is_told(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    campaign_id = await prepared(database, keys, now, count=4, batch_size=4)
    real = BatchRun._judge_window
    stumbled: list[bool] = []

    def stumble(self: BatchRun, window: Any) -> Any:
        if not stumbled:
            stumbled.append(True)
            raise RuntimeError("something unforeseen")
        return real(self, window)

    monkeypatch.setattr(BatchRun, "_judge_window", stumble)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert [it.message for it in caplog.records if it.name == "pli.work"] == ["work.failed"]
    assert set((await ends(database, campaign_id)).values()) == {("sent", None)}
    assert len(relay.received) == 4


async def test_a_pause_that_fails_is_logged_and_tried_again(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    campaign_id = await prepared(database, keys, now, count=4)
    real = lifecycle.pause
    failed: list[bool] = []

    async def pause(session: Any, **named: Any) -> bool:
        if not failed:
            failed.append(True)
            raise DatabaseAway("the database is away")
        return await real(session, **named)

    monkeypatch.setattr(lifecycle, "pause", pause)
    nowhere = "smtp://127.0.0.1:9?tls=none"
    async with working(database, keys, nowhere, patience=NO_PATIENCE):
        assert await rests(database, campaign_id) is CampaignState.PAUSED
    assert "campaign.not_paused" in [it.message for it in caplog.records]


async def test_takings_that_the_database_ended_are_not_fruitless(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await prepared(database, keys, now, count=4, batch_size=4)
    release, begin_run = leasing.release, BatchWork._begin_run
    away = iter([True] * 5)
    lost = iter([True, False] * 5)

    def begin(*args: Any, **named: Any) -> Any:
        if next(away, False):
            raise DatabaseAway("the database is away")
        return begin_run(*args, **named)

    def release_sometimes(*args: Any, **named: Any) -> None:
        if next(lost, False):
            raise DatabaseAway("the database is away")
        release(*args, **named)

    monkeypatch.setattr(BatchWork, "_begin_run", begin)
    monkeypatch.setattr(leasing, "release", release_sometimes)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert next(away, None) is None


async def test_a_letter_of_an_older_version_that_cannot_be_pressed_pauses_with_its_own_fault(
    database: Database, keys: Keys, now: datetime
) -> None:
    deep = replace(make.letter(), body="<div>" * 500 + "fond")
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 5, now=now)
        campaign_id = (await make.a_campaign(session, keys, [members], now=now, of=deep)).id
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
    assert relay.received == []
    async with database.reading() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        assert "elements stand within each other" in str(campaign.reason)
    assert {status for status, _ in (await ends(database, campaign_id)).values()} == {"pending"}
