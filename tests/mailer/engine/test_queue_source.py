"""Batches from the queue on PostgreSQL: one job a batch, and the sweep finds what has none."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, select, text, update

from mailer.campaign import jobs, lifecycle, scheduling
from mailer.engine import constants, gate
from mailer.engine.window_size import WINDOWS
from mailer.ledger import claiming, leasing, recovery, settle_and_claim
from mailer.models import Batch, Campaign, CampaignState, Delivery, Status
from mailer.scope import Scope
from pli import jobs_file, pgqueuer_parts, queueing, schema
from pli.database import Database, DatabaseError
from pli.files import shipped
from pli.keys import Keys
from pli.queue_names import BATCHES
from subscribers.models import List
from tests import factories as make
from tests.mailer.engine.running import ends, prepared, rests, state_of, working
from tests.relay import Relay
from tests.waiting import until_true

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    """The real time, for the engine uses the database's own clock."""
    return datetime.now(UTC)


async def queued(database: Database) -> dict[int, tuple[str, bool]]:
    """The batches with a job, each with the job's status, and whether it is due."""
    async with database.reading() as session:
        rows = await session.execute(
            text(
                "SELECT convert_from(payload, 'utf8')::int, status::text, execute_after <= now()"
                " FROM queue.pgqueuer"
            )
        )
        return {row[0]: (row[1], row[2]) for row in rows}


async def batches(database: Database, campaign_id: int) -> set[int]:
    async with database.reading() as session:
        found = await session.scalars(select(Batch.id).where(Batch.campaign_id == campaign_id))
        return set(found)


async def change(database: Database, statement: Any, **values: object) -> None:
    async with database.begin() as session:
        await session.execute(statement, values)


async def forgotten(database: Database, closed: Collection[int] = ()) -> set[int]:
    async with database.reading() as session:
        return set(await jobs.forgotten(session, limit=1_000, closed=closed))


async def test_a_campaign_offers_a_job_a_batch_within_its_own_transaction(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 12, now=now)
        campaign = await make.a_campaign(
            session, keys, [members], now=now, batch_size=4, started=False
        )
    async with database.begin() as session:
        await lifecycle.start(session, campaign_id=campaign.id, now=now)
        await session.rollback()
    assert await queued(database) == {}
    async with database.begin() as session:
        await lifecycle.start(session, campaign_id=campaign.id, now=now)
    ids = await batches(database, campaign.id)
    assert await queued(database) == dict.fromkeys(ids, ("queued", True))
    async with database.reading() as session:
        rows = await session.execute(
            text("SELECT dedupe_key, entrypoint, priority FROM queue.pgqueuer ORDER BY id")
        )
        first, *others = [tuple(it) for it in rows]
    assert first == (f"batch:{min(ids)}", f"batch:{members.id}:other", pgqueuer_parts.FIRST)
    assert [it[2] for it in others] == [-2, -3]

    # Paused, it has no jobs, but for what a dead worker left; resumed, it has them again.
    dead = max(ids)
    await change(database, update(Batch).where(Batch.id == dead).values(sending=4, pending=0))
    async with database.begin() as session:
        await lifecycle.pause(session, campaign_id=campaign.id)
    assert await queued(database) == {dead: ("queued", True)}
    await change(database, update(Batch).where(Batch.id == dead).values(sending=0, pending=4))
    async with database.begin() as session:
        await lifecycle.go_on(session, campaign_id=campaign.id)
    await database.perform(jobs.withdraw, campaign.id)  # too late: it runs again
    assert set(await queued(database)) == ids
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign.id) is CampaignState.FINISHED
    assert await queued(database) == {}
    assert len(relay.received) == 12


@pytest.mark.parametrize("paused", [False, True], ids=["quiet hours", "paused"])
async def test_what_may_not_send_now_is_put_aside_as_a_whole(
    paused: bool,
    database: Database,
    keys: Keys,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    campaign_id = await prepared(database, keys, now, count=30, batch_size=1)
    # As by a worker that offers what it had read before: the jobs are there all the same.
    values = (
        {"state": CampaignState.PAUSED}
        if paused
        else {"quiet_hours": f"{now - HOUR:%H:%M}-{now + HOUR:%H:%M}", "quiet_zone": "UTC"}
    )
    await change(database, update(Campaign).values(values))
    brought: list[int] = []
    real = gate.comes_again

    async def comes_again(session: Any, batch_id: int) -> gate.Next:
        brought.append(batch_id)
        return await real(session, batch_id)

    monkeypatch.setattr(gate, "comes_again", comes_again)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):

            async def aside() -> bool:
                return not any(due for _, due in (await queued(database)).values())

            await until_true(aside)
    assert relay.received == []
    assert 1 <= len(brought) <= 2 * WINDOWS
    assert len(await queued(database)) == (0 if paused else 30)
    async with database.begin() as session:
        takings = await session.scalar(select(func.sum(Batch.takings)))
        await session.execute(update(Campaign).values(quiet_hours=None))
        if paused:
            await lifecycle.resume(session, campaign_id=campaign_id)
    assert takings == 0
    assert await forgotten(database) == (set() if paused else await batches(database, campaign_id))


async def test_a_retry_brings_forward_what_is_due_hours_later(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=4, batch_size=2)
    one, other = sorted(await batches(database, campaign_id))
    later = datetime.now(UTC) + timedelta(hours=5)
    await change(database, update(Batch).values(due_at=later, failed=1, pending=1))
    await change(database, text("UPDATE queue.pgqueuer SET execute_after = :at"), at=later)
    await change(database, update(Delivery).values(next_attempt_at=later))
    await change(
        database,
        update(Delivery)
        .where(Delivery.id == select(func.min(Delivery.id)).scalar_subquery())
        .values(status=Status.FAILED, reason="x"),
    )
    async with database.begin() as session:
        await lifecycle.retry(session, campaign_id=campaign_id, uncertain=False, failed=True)
    assert await queued(database) == {one: ("queued", True), other: ("queued", False)}


async def test_the_sweep_finds_what_was_forgotten_and_nothing_else(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=20, batch_size=2)
    ids = sorted(await batches(database, campaign_id))
    assert await forgotten(database) == set()
    later = datetime.now(UTC) + timedelta(hours=1)
    gone, late, picked, not_due, leased, lapsed, done, dead, refused, fine = ids
    del fine
    delete = text("DELETE FROM queue.pgqueuer WHERE dedupe_key = :key")
    for it in (gone, not_due, leased, lapsed, done, dead, refused):
        await change(database, delete, key=f"batch:{it}")
    await change(
        database,
        text("UPDATE queue.pgqueuer SET execute_after = :at WHERE dedupe_key = :key"),
        at=later, key=f"batch:{late}",
    )  # fmt: skip
    await change(
        database,
        text(
            "UPDATE queue.pgqueuer SET status = 'picked', heartbeat = now() - interval '1 day'"
            " WHERE dedupe_key = :key"
        ),
        key=f"batch:{picked}",
    )
    for id_, values in (
        (not_due, {"due_at": later}),
        (leased, {"lease": 1, "lease_until": datetime.now(UTC) + timedelta(seconds=30)}),
        (lapsed, {"lease": 1, "lease_until": datetime.now(UTC) - timedelta(seconds=1)}),
        (done, {"pending": 0, "sent": 2}),
        (dead, {"pending": 0, "sending": 2}),
    ):
        await change(database, update(Batch).where(Batch.id == id_).values(values))
    assert await forgotten(database) == {gone, late, lapsed, dead, refused}
    assert await forgotten(database, closed=[campaign_id]) == {dead}
    async with database.begin() as session:
        await lifecycle.pause(session, campaign_id=campaign_id)
    assert await forgotten(database) == {dead}
    async with database.begin() as session:
        await lifecycle.go_on(session, campaign_id=campaign_id)
        await session.execute(delete, {"key": f"batch:{gone}"})
    assert await forgotten(database) == {gone}
    # Two workers that find the same offer it once.
    found = sorted(await forgotten(database))
    assert await database.perform(jobs.offer_again, found) == 1
    assert await database.perform(jobs.offer_again, found) == 0
    assert await forgotten(database) == set()


async def test_jobs_whose_times_lie_ahead_since_the_clock_was_set_back_are_found(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=8, batch_size=2)
    await change(
        database,
        text(
            "UPDATE queue.pgqueuer SET execute_after = now() + interval '1 hour',"
            " heartbeat = now() + interval '1 hour', queue_manager_id = gen_random_uuid(),"
            " status = CASE WHEN id % 2 = 0 THEN 'picked' ELSE 'queued' END"
            "::queue.pgqueuer_status"
        ),
    )
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert len(relay.received) == 8


async def test_a_worker_that_cannot_note_whose_jobs_it_has_works_all_the_same(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs_file, "held", full)
    campaign_id = await prepared(database, keys, now, count=2, batch_size=2)
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert "jobs.not_noted" in [it.message for it in caplog.records]


async def test_a_job_that_a_stopped_worker_deletes_is_missed_by_nobody(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "OFFER_SECONDS", 0.5)
    campaign_id = await prepared(database, keys, now, count=30, batch_size=10)
    with Relay(delay=0.05).running() as relay:
        async with working(database, keys, relay.url, connections=1):
            await until_true(lambda: relay.received)
            await change(database, text("DELETE FROM queue.pgqueuer"))
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert set((await ends(database, campaign_id)).values()) == {("sent", None)}
    assert max(relay.recipients.values()) == 1


async def test_jobs_of_a_process_that_died_between_pick_and_lease_are_freed_at_once(
    database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    campaign_id = await prepared(database, keys, now, count=9, batch_size=3)
    manager, of_others = uuid4(), uuid4()
    for name, installation in ((manager, "tests"), (of_others, "another")):
        (tmp_path / f"{name}.jobs").write_text(json.dumps({"installation": installation}))
    (tmp_path / "spoilt.jobs").write_text("")
    await change(
        database,
        text("UPDATE queue.pgqueuer SET status = 'picked', queue_manager_id = :it"),
        it=manager,
    )
    assert set((await queued(database)).values()) == {("picked", True)}
    began = time.monotonic()
    with Relay().running() as relay:
        async with working(database, keys, relay.url, folder=tmp_path):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert time.monotonic() - began < leasing.LEASE.total_seconds() / 2
    assert len(relay.received) == 9
    assert await queued(database) == {}
    assert set(os.listdir(tmp_path)) == {f"{of_others}.jobs", "spoilt.jobs"}  # noqa: PTH208


def test_a_file_of_jobs_is_left_alone_while_its_process_lives(
    database: Database, tmp_path: Path
) -> None:
    del database
    manager = uuid4()
    with jobs_file.held(tmp_path, "tests", manager):
        assert list(jobs_file.left_behind(tmp_path, "tests")) == []
    # It could not give its jobs back: the next process does.
    assert [it[0] for it in jobs_file.left_behind(tmp_path, "tests")] == [manager]
    with jobs_file.held(tmp_path, "tests", manager) as file:
        file.given_back = True
    assert list(tmp_path.iterdir()) == []


async def test_a_turn_of_the_ledger_tells_nobody_and_a_batch_once(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    connection = await database.connect_apart()
    await connection.add_listener(
        BATCHES.channel, lambda *it: heard.append(json.loads(it[3])["operation"])
    )
    offered: list[int] = []
    real = queueing.enqueue

    def enqueue(session: Any, queue: Any, offers: Any) -> int:
        offered.append(len(offers))
        return real(session, queue, offers)

    monkeypatch.setattr(queueing, "enqueue", enqueue)
    campaign_id = await prepared(database, keys, now, count=60, batch_size=20)
    with Relay().running() as relay:
        async with working(database, keys, relay.url, connections=2):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    await until_true(lambda: len(heard) == 4)
    await connection.close()
    assert heard == ["insert", "delete", "delete", "delete"]
    assert offered == [3]
    # Nor does any statement of theirs name the queue.
    for module in (claiming, settle_and_claim, recovery):
        assert "queueing" not in vars(module)


async def test_one_campaign_alone_is_sent_from_the_rows_without_the_queue(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=9, batch_size=3)
    await change(database, text("DELETE FROM queue.pgqueuer"))
    with Relay().running() as relay:
        async with working(database, keys, relay.url, scope=Scope.of_campaign(campaign_id)):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert len(relay.received) == 9
    assert await queued(database) == {}


async def test_a_batch_that_another_worker_has_is_looked_at_again_when_its_lease_ends(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=2, batch_size=2)
    (id_,) = await batches(database, campaign_id)
    held = datetime.now(UTC) + timedelta(seconds=3)
    await change(database, update(Batch).values(lease=4711, lease_until=held))
    with Relay().running() as relay:
        async with working(database, keys, relay.url):

            async def waits() -> bool:
                return await queued(database) == {id_: ("queued", False)}

            await until_true(waits)
            assert relay.received == []
            assert await state_of(database, campaign_id) is CampaignState.RUNNING
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert datetime.now(UTC) >= held


def before_the_queue(connection: Connection) -> None:
    """Bring a database back to the version before the migration that made the queue."""
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    config.attributes["connection"] = connection
    command.downgrade(config, "0017")
    command.downgrade(config, "-1")


async def test_a_database_of_the_version_before_goes_on_half_sent_paused_and_scheduled(
    database: Database, keys: Keys, now: datetime
) -> None:
    running = await prepared(database, keys, now, count=6, batch_size=2)
    async with database.begin() as session:
        members = (await session.scalars(select(List))).one()
        paused = await make.a_campaign(
            session, keys, [members], now=now, batch_size=2, of=make.letter(number=2)
        )
        await lifecycle.pause(session, campaign_id=paused.id)
        draft = await make.a_draft(session, keys, [members], now=now, of=make.letter(number=3))
        await scheduling.schedule(
            session, campaign_id=draft.id, at=now - timedelta(seconds=1), zone="UTC"
        )
        half = select(func.min(Delivery.id)).where(Delivery.campaign_id == running)
        await session.execute(
            update(Delivery)
            .where(Delivery.id == half.scalar_subquery())
            .values(status=Status.SENT, attempts=1)
        )
        first = select(func.min(Batch.id)).where(Batch.campaign_id == running)
        await session.execute(
            update(Batch).where(Batch.id == first.scalar_subquery()).values(pending=1, sent=1)
        )
    async with database.writer.begin() as connection:
        await connection.run_sync(before_the_queue)
    await schema.upgrade(database)
    assert await queued(database) == {}
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, running) is CampaignState.FINISHED

            async def launched() -> bool:
                return await state_of(database, draft.id) is CampaignState.FINISHED

            await until_true(launched)
            assert len(relay.received) == 5 + 6
            async with database.begin() as session:
                await lifecycle.resume(session, campaign_id=paused.id)
            assert await rests(database, paused.id) is CampaignState.FINISHED
    assert len(relay.received) == 5 + 6 + 6


async def test_a_copy_of_a_database_that_left_out_the_queues_gets_them_anew(
    database: Database, keys: Keys, now: datetime
) -> None:
    running = await prepared(database, keys, now, count=4, batch_size=2)
    await change(database, text("DROP SCHEMA queue CASCADE"))
    with pytest.raises(DatabaseError, match=r'queues are missing .* run "pli db upgrade"'):
        await schema.check(database)
    await schema.upgrade(database)
    await schema.check(database)
    assert await queued(database) == {}
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, running) is CampaignState.FINISHED
    assert len(relay.received) == 4
