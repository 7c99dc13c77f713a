"""Workers die between any two steps, and meet other faults; the relay counts what arrived."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from mailer.campaign import lifecycle
from mailer.campaign.finding import reason_of
from mailer.engine import constants
from mailer.engine.journal import Journal, Notes
from mailer.engine.window_size import Pace
from mailer.ledger import balance, leasing
from mailer.models import Batch, Campaign, CampaignState, Delivery, Status
from pli.clocks import boot_time
from pli.database import Database
from pli.keys import Keys
from subscribers.models import Subscriber
from tests.forking import FORKING
from tests.mailer.engine import killed_worker
from tests.mailer.engine.running import first_copy, leaves, prepared, rests, working
from tests.relay import Relay
from tests.waiting import until_true

pytestmark = pytest.mark.proof

UNFINISHED = ".new"
"""What a process leaves that dies while it makes a file: the next one removes it after a minute."""

COPIES = 24
PATIENCE = 90
"""Seconds: on a busy machine another process takes long to begin."""


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


async def ended(process: BaseProcess) -> int | None:
    await until_true(lambda: not process.is_alive(), PATIENCE)
    return process.exitcode


async def reckon(database: Database, campaign_id: int, relay: Relay) -> dict[Status, set[str]]:
    """Every promise at once: the sum, nobody twice, sent ⊆ received ⊆ sent + uncertain."""
    async with database.reading() as session:
        assert await balance.faults(session, campaign_id=campaign_id) == []
        rows = (
            await session.execute(
                select(Subscriber.email, Delivery.status).join(
                    Delivery, Delivery.subscriber_id == Subscriber.id
                )
            )
        ).all()
    by = {status: {row.email for row in rows if row.status is status} for status in Status}
    got = relay.recipients
    assert max(got.values()) == 1
    assert by[Status.SENT] <= set(got) <= by[Status.SENT] | by[Status.UNCERTAIN]
    assert not by[Status.PENDING] | by[Status.SENDING]
    return by


def refuse_the_second(stage: str, recipient: str, times: int) -> str | None:
    del times
    refused = stage == "rcpt" and recipient.startswith("p001@")
    return "550 5.2.1 no mail for this one" if refused else None


@pytest.mark.parametrize("step", killed_worker.STEPS | killed_worker.UNCOMMON_STEPS)
async def test_after_a_kill_at_any_step_all_is_accounted_for(
    step: str,
    database: Database,
    keys: Keys,
    now: datetime,
    tmp_path: Path,
) -> None:
    uncommon = step in killed_worker.UNCOMMON_STEPS
    with (Relay(script=refuse_the_second) if uncommon else Relay()).running() as relay:
        campaign_id = await prepared(database, keys, now, COPIES, batch_size=12)
        if uncommon:
            await leaves(database, "p000@example.org", now)
        url = database.url.render_as_string(hide_password=False)
        folder = tmp_path / "journal"
        process = FORKING.Process(
            target=killed_worker.run, args=(url, keys, relay.url, folder, step)
        )
        process.start()
        assert await ended(process) == -signal.SIGKILL
        if database.is_sqlite:
            async with database.begin() as session:
                await leasing.end_leases(session)
        async with working(database, keys, relay.url, folder=folder):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
        by = await reckon(database, campaign_id, relay)
        assert by[Status.SKIPPED] == ({"p000@example.org"} if uncommon else set())
        assert by[Status.FAILED] == ({"p001@example.org"} if uncommon else set())
        reached = COPIES - 2 if uncommon else COPIES
        assert len(by[Status.SENT]) + len(by[Status.UNCERTAIN]) == reached
        # At most one copy for each connection is in doubt, though two would be allowed.
        assert len(by[Status.UNCERTAIN]) <= killed_worker.CONNECTIONS
        assert [it for it in folder.iterdir() if it.suffix != UNFINISHED] == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("step", [*killed_worker.QUEUE_STEPS, "before the campaign is finished"])
async def test_what_a_killed_process_had_of_the_queues_is_free_for_the_next_at_once(
    step: str, database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    with Relay().running() as relay:
        campaign_id = await prepared(database, keys, now, COPIES, batch_size=12)
        url = database.url.render_as_string(hide_password=False)
        folder = tmp_path / "journal"
        process = FORKING.Process(
            target=killed_worker.run, args=(url, keys, relay.url, folder, step)
        )
        process.start()
        assert await ended(process) == -signal.SIGKILL
        began = boot_time()
        async with working(database, keys, relay.url, folder=folder):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
        # The leases of jobs, batches and chores last for 30 s.
        assert boot_time() < began + 25
        await reckon(database, campaign_id, relay)
        assert [it for it in folder.iterdir() if it.suffix != UNFINISHED] == []


@pytest.fixture
def short_leases() -> Iterator[None]:
    back = killed_worker.shorten_leases()
    yield
    back()


@pytest.mark.parametrize("finished", [False, True], ids=["at work", "finished"])
@pytest.mark.usefixtures("short_leases")
async def test_a_worker_stopped_past_its_lease_and_continued_sends_nothing_twice(
    finished: bool,
    database: Database,
    keys: Keys,
    now: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(constants, "REPLAY_SECONDS", 1.0)
    # So slow that the worker is stopped long before it is done, however late this test is.
    with Relay(delay=1.0).running() as relay:
        campaign_id = await prepared(database, keys, now, COPIES, batch_size=COPIES)
        url = database.url.render_as_string(hide_password=False)
        folder = tmp_path / "journal"
        process = FORKING.Process(
            target=killed_worker.run_with_short_lease, args=(url, keys, relay.url, folder)
        )
        process.start()
        await until_true(lambda: relay.received, PATIENCE)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        relay.delay = 0.05
        try:
            if database.is_sqlite:
                # The file's lock keeps other engines away, so the worker itself goes on.
                await asyncio.sleep(leasing.LEASE.total_seconds() + 1)
                os.kill(process.pid, signal.SIGCONT)
                assert await rests(database, campaign_id) is CampaignState.FINISHED
            else:
                async with working(database, keys, relay.url, folder=folder):
                    await until_true(lambda: in_doubt(database), PATIENCE)
                    if finished:
                        assert await rests(database, campaign_id) is CampaignState.FINISHED
                    os.kill(process.pid, signal.SIGCONT)
                    # The worker that seemed dead settles what it knows, so nothing stays in doubt.
                    await until_true(partial(all_sent, database), PATIENCE)
                    assert await rests(database, campaign_id) is CampaignState.FINISHED
        finally:
            process.kill()
            await ended(process)
        by = await reckon(database, campaign_id, relay)
        assert len(by[Status.SENT]) == COPIES


@pytest.mark.usefixtures("short_leases")
async def test_a_machine_that_never_comes_back_leaves_in_doubt_at_most_the_windows_it_held(
    database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    with Relay(delay=0.05).running() as relay:
        campaign_id = await prepared(database, keys, now, COPIES, batch_size=COPIES)
        url = database.url.render_as_string(hide_password=False)
        lost = tmp_path / "its disk"
        process = FORKING.Process(
            target=killed_worker.run_with_short_lease, args=(url, keys, relay.url, lost)
        )
        process.start()
        await first_copy(relay)
        process.kill()
        await ended(process)
        shutil.rmtree(lost)
        async with database.reading() as session:
            held = await session.scalar(
                select(func.count()).where(Delivery.status == Status.SENDING)
            )
        async with working(database, keys, relay.url, folder=tmp_path / "another"):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
        by = await reckon(database, campaign_id, relay)
        assert len(by[Status.UNCERTAIN]) == held
        assert len(by[Status.SENT]) == COPIES - len(by[Status.UNCERTAIN]) > 0


async def all_sent(database: Database) -> bool:
    async with database.reading() as session:
        found = await session.scalar(
            select(func.count()).select_from(Delivery).where(Delivery.status != Status.SENT)
        )
    return not found


async def in_doubt(database: Database) -> int:
    async with database.reading() as session:
        found = await session.scalar(
            select(func.count()).select_from(Delivery).where(Delivery.status == Status.UNCERTAIN)
        )
    return found or 0


@pytest.mark.parametrize("what", ["begin", "leaves"])
async def test_what_cannot_be_noted_does_not_leave_and_the_campaign_says_why(
    what: str, database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    with Relay().running() as relay:
        campaign_id = await prepared(database, keys, now, COPIES)
        with monkeypatch.context() as patch:
            patch.setattr(Journal if what == "begin" else Notes, what, full)
            async with working(database, keys, relay.url):
                assert await rests(database, campaign_id) is CampaignState.PAUSED
        assert relay.received == []
        async with database.begin() as session:
            campaign = await session.get(Campaign, campaign_id)
            assert campaign is not None
            assert "No space left on device" in str(reason_of(campaign))
            await lifecycle.resume(session, campaign_id=campaign_id)
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
        assert len((await reckon(database, campaign_id, relay))[Status.SENT]) == COPIES


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
async def test_a_full_table_of_files_is_told_and_the_campaign_goes_on_by_itself(
    number: int,
    database: Database,
    keys: Keys,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    begin = Journal.begin
    refused: list[object] = []

    def full(journal: Journal, *given: Any) -> Notes:
        if len(refused) < 4:
            refused.append(given)
            raise OSError(number, os.strerror(number))
        return begin(journal, *given)

    with Relay().running() as relay:
        campaign_id = await prepared(database, keys, now, COPIES)
        monkeypatch.setattr(Journal, "begin", full)
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
        assert len((await reckon(database, campaign_id, relay))[Status.SENT]) == COPIES
    told = [it for it in caplog.records if it.message == "engine.files_full"]
    assert [it.__dict__["reason"] for it in told] == [os.strerror(number)]


async def test_a_campaign_pauses_when_the_relay_refuses_what_we_are(
    database: Database, keys: Keys, now: datetime
) -> None:
    def spam(stage: str, _recipient: str, _times: int) -> str | None:
        return "550 5.7.1 Your message looks like spam" if stage == "body-received" else None

    with Relay(script=spam).running() as relay:
        campaign_id = await prepared(database, keys, now, 200, batch_size=200)
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.PAUSED
        async with database.reading() as session:
            campaign = await session.get(Campaign, campaign_id)
            assert campaign is not None
            assert "5.7.1 Your message looks like spam" in str(reason_of(campaign))
            waiting = await session.scalar(
                select(func.count()).select_from(Delivery).where(Delivery.status == Status.PENDING)
            )
        assert waiting is not None
        assert waiting >= 100, "it never burns through a list"


async def test_a_clock_set_back_an_hour_holds_nothing_up(
    database: Database, keys: Keys, now: datetime
) -> None:
    hour = timedelta(hours=1)
    with Relay().running() as relay:
        # All times that were written before the clock was set back now lie an hour ahead.
        campaign_id = await prepared(database, keys, now + hour, COPIES, batch_size=8)
        async with database.begin() as session:
            first = (await session.execute(select(Batch).order_by(Batch.id).limit(1))).scalar_one()
            first.lease, first.lease_until = 4711, now + hour
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
        assert len((await reckon(database, campaign_id, relay))[Status.SENT]) == COPIES


async def test_a_second_job_for_a_batch_in_work_ends_at_once(
    database: Database, keys: Keys, now: datetime
) -> None:
    await prepared(database, keys, now, COPIES)
    async with database.begin() as session:
        batch_id = await session.scalar(select(Batch.id))
        assert batch_id is not None
        assert await session.run_sync(leasing.take, batch_id=batch_id, lease=4711) is not None
    async with database.begin() as session:
        assert await session.run_sync(leasing.take, batch_id=batch_id, lease=4712) is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_disk_too_full_for_the_database_holds_up_and_loses_nothing(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pace, "window", lambda _: 20)

    async def grows_to(pages: str) -> None:
        # SQLite has this limit for each connection, and two connections write.
        pragma = f"PRAGMA max_page_count = {pages}"
        async with database.begin() as session:
            await session.execute(text(pragma))
        await database.transact(lambda connection: connection.exec_driver_sql(pragma))

    with Relay(delay=0.01).running() as relay:
        campaign_id = await prepared(database, keys, now, 300, batch_size=100)
        async with working(database, keys, relay.url):
            await first_copy(relay)
            async with database.reading() as session:
                await grows_to(str(await session.scalar(text("PRAGMA page_count"))))
            await asyncio.sleep(2)
            stood = len(relay.received)
            await asyncio.sleep(0.5)
            assert len(relay.received) == stood < 300
            await grows_to("1000000")
            assert await rests(database, campaign_id) is CampaignState.FINISHED
        assert len((await reckon(database, campaign_id, relay))[Status.SENT]) == 300
