"""The queues on PostgreSQL: jobs are offered with what needs them, and come to one worker each."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text

from pli import pgqueuer_parts, queue_connection, queueing
from pli.database import Database
from pli.jobs_file import Held as FileOfJobs
from pli.queue_names import BATCHES, CHORES, Offer
from pli.queueing import QueueWork, enqueue, free
from pli.work import Again, Handle, Held, Job
from tests.waiting import until_true

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def offers(*names: str, delay: float = 0.0) -> list[Offer]:
    return [Offer(f"batch:{it}", "batch:1:other", it, delay) for it in names]


async def offered(database: Database, *names: str, delay: float = 0.0) -> int:
    async with database.begin() as session:
        return await session.run_sync(enqueue, BATCHES, offers(*names, delay=delay))


async def rows(database: Database, columns: str = "payload", where: str = "true") -> list[Any]:
    async with database.reading() as session:
        found = await session.execute(
            text(f"SELECT {columns} FROM queue.pgqueuer WHERE {where} ORDER BY id")
        )
        return [tuple(it) for it in found]


async def change(database: Database, statement: str, **values: object) -> None:
    async with database.begin() as session:
        await session.execute(text(statement), values)


def everything(due: Collection[str]) -> Collection[str]:
    return due


class Hands:
    """Takes at most `most` jobs at a time, does each by `do`, and notes their order."""

    def __init__(self, most: int = 3, do: Handle | None = None) -> None:
        self.most = most
        self.busy = self.busiest = 0
        self.done: list[str] = []
        self._do = do

    def offered(self, due: Collection[str]) -> Collection[str]:
        return due if self.busy < self.most else ()

    async def handle(self, job: Job) -> Again | Held | None:
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            return await self._do(job) if self._do else None
        finally:
            self.busy -= 1
            self.done.append(job.payload)


def nobodys(_manager: UUID) -> AbstractContextManager[FileOfJobs]:
    return nullcontext(FileOfJobs())


@asynccontextmanager
async def working(database: Database, hands: Hands) -> AsyncIterator[QueueWork]:
    work = QueueWork(database, BATCHES, hands.offered, holding=nobodys)
    running = asyncio.create_task(work.run(hands.handle))
    try:
        yield work
    finally:
        work.stop()
        await asyncio.wait_for(running, 10)


@asynccontextmanager
async def listening(database: Database) -> AsyncIterator[list[str]]:
    """The operations that the server tells of on the batches' channel."""
    heard: list[str] = []
    connection = await database.connect_apart()
    await connection.add_listener(
        BATCHES.channel, lambda *it: heard.append(json.loads(it[3])["operation"])
    )
    try:
        yield heard
    finally:
        await connection.close()


@pytest.fixture
def nobody_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is told can bring a job to a worker."""
    monkeypatch.setattr(pgqueuer_parts, "POLL_SECONDS", 3_600.0)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that workers send to their queue."""
    sent: list[str] = []
    real = queue_connection.Driver._do

    async def note(self: Any, method: str, query: str, *args: object) -> Any:
        sent.append(query)
        return await real(self, method, query, *args)

    monkeypatch.setattr(queue_connection.Driver, "_do", note)
    return sent


async def test_a_job_is_offered_with_what_needs_it_and_a_rollback_leaves_none(
    database: Database,
) -> None:
    async with database.begin() as session:
        assert await session.run_sync(enqueue, BATCHES, offers("1", "2")) == 2
        await session.rollback()
    assert await rows(database) == []
    assert await offered(database, "1", "2") == 2
    assert await offered(database, "2", "3") == 1
    assert await rows(database, "dedupe_key, priority") == [
        ("batch:1", -1), ("batch:2", -2), ("batch:3", -2),
    ]  # fmt: skip
    async with database.begin() as session:
        connection: Any = (await session.connection()).sync_connection
        raw = connection.connection.dbapi_connection.driver_connection
        # Before SQLAlchemy's first statement there is no transaction to be part of.
        with pytest.raises(RuntimeError, match="within a transaction"):
            await queueing._insert(raw, BATCHES, offers("4"), 0)
    assert len(await rows(database)) == 3


@pytest.mark.usefixtures("nobody_polls")
async def test_what_is_known_wakes_nobody_and_is_pulled_forward(database: Database) -> None:
    async with listening(database) as heard:
        await offered(database, "1", delay=18_000)
        await until_true(lambda: heard)
        heard.clear()
        # Due at the same hour or later: there is nothing to do, and an INSERT of nothing would
        # have told everybody.
        await offered(database, "1", delay=18_001)
        hands = Hands()
        async with working(database, hands):
            await asyncio.sleep(0.2)
            assert (heard, hands.done) == ([], [])
            await offered(database, "1")
            await until_true(lambda: hands.done)
        await until_true(lambda: len(heard) == 2)
        assert heard == ["insert", "delete"]


@pytest.mark.usefixtures("nobody_polls")
async def test_a_job_that_comes_again_at_once_comes_again_at_once(database: Database) -> None:
    async def twice(job: Job) -> Again | None:
        return Again(0.0) if job.attempts < 3 else None

    hands = Hands(do=twice)
    async with working(database, hands):
        await offered(database, "1")
        await until_true(lambda: len(hands.done) == 4)
    assert await rows(database) == []


async def test_a_job_that_gave_way_comes_behind_those_that_waited(database: Database) -> None:
    async def gives_way(job: Job) -> Again | None:
        return Again(0.0) if job.payload == "1" and not job.attempts else None

    hands = Hands(most=1, do=gives_way)
    async with database.begin() as session:
        first = [offers("1")[0]._replace(first=True)]
        await session.run_sync(enqueue, BATCHES, offers("2", "3"))
        await session.run_sync(enqueue, BATCHES, first)
    async with working(database, hands):
        await until_true(lambda: len(hands.done) == 4)
    assert hands.done[0] == "1"
    assert hands.done[1:].index("2") < hands.done[1:].index("1")


async def test_hands_are_never_fuller_than_full_and_ask_nothing_while_they_are(
    database: Database, statements: list[str]
) -> None:
    async def at_work(_: Job) -> None:
        await asyncio.sleep(0.02)

    hands = Hands(most=2, do=at_work)
    await offered(database, *map(str, range(20)))
    async with working(database, hands):
        await until_true(lambda: hands.busy)
        statements.clear()
        await until_true(lambda: len(hands.done) == 20)
        asked = len(statements)
    assert hands.busiest == 2
    assert asked <= 2 * 20 + 5, statements

    waits = asyncio.Event()
    hands = Hands(most=1, do=lambda _: _waited(waits))
    await offered(database, "a", "b")
    async with working(database, hands):
        await until_true(lambda: hands.busy)
        await asyncio.sleep(0.1)
        statements.clear()
        await asyncio.sleep(1.5)
        assert statements == []
        waits.set()
        await until_true(lambda: len(hands.done) == 2)


async def _waited(event: asyncio.Event) -> None:
    await event.wait()


async def test_an_idle_worker_asks_once_in_a_while(
    database: Database, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pgqueuer_parts, "POLL_SECONDS", 0.5)
    hands = Hands()
    await offered(database, "far", delay=3_600)
    async with working(database, hands):
        await until_true(lambda: statements and "WITH RECURSIVE" in statements[-1])
        began = time.monotonic()
        statements.clear()
        await until_true(lambda: len(statements) >= 3)
        assert time.monotonic() - began > 1.0


async def test_a_job_of_a_silent_worker_is_found_by_asking(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pgqueuer_parts, "POLL_SECONDS", 0.3)
    await offered(database, "1", "2")
    async with working(database, Hands(most=0)):
        pass
    silent = "UPDATE queue.pgqueuer SET status = 'picked', queue_manager_id = :of, heartbeat = "
    await change(database, silent + "now() - interval '20 s'", of=uuid4())
    hands = Hands()
    async with working(database, hands):
        await asyncio.sleep(0.7)
        assert hands.done == []
        await change(database, silent + "now() - interval '31 s'", of=uuid4())
        await until_true(lambda: sorted(hands.done) == ["1", "2"], 5)


@pytest.mark.usefixtures("nobody_polls")
async def test_the_jobs_of_a_dead_manager_are_free_at_once(database: Database) -> None:
    await offered(database, "1", "2")
    dead, alive = uuid4(), uuid4()
    for payload, manager in (("1", dead), ("2", alive)):
        await change(
            database,
            "UPDATE queue.pgqueuer SET status = 'picked', queue_manager_id = :of"
            " WHERE payload = :payload",
            of=manager, payload=payload.encode(),
        )  # fmt: skip
    hands = Hands()
    async with working(database, hands):
        await asyncio.sleep(0.1)
        assert await database.perform(free, dead) == 1
        await until_true(lambda: hands.done)
    assert hands.done == ["1"]
    assert await rows(database, "queue_manager_id") == [(alive,)]


@pytest.mark.usefixtures("nobody_polls")
async def test_what_a_worker_puts_back_at_its_stop_is_told_to_another_at_once(
    database: Database,
) -> None:
    begun, finish = asyncio.Event(), asyncio.Event()

    async def put_back(_: Job) -> Again:
        begun.set()
        await finish.wait()
        return Again(0.0)

    first, second = Hands(do=put_back), Hands()
    await offered(database, "1")
    async with working(database, second) as idle:
        async with working(database, first) as stopped:
            await until_true(lambda: begun.is_set() or second.done)
            if second.done:  # it was the quicker one: once more, and now it has no hand free
                second.most = 0
                await offered(database, "2")
            await until_true(begun.is_set)
            second.most = 3
            second.done.clear()
            idle.wake()
            stopped.stop()
            finish.set()
        await until_true(lambda: second.done)
    assert await rows(database) == []


async def test_one_job_is_told_to_a_few_of_many_who_listen(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[float] = []
    opened = [await database.connect_apart(BATCHES.channel) for _ in range(16)]
    try:
        await opened[0].add_listener(
            BATCHES.channel, lambda *it: heard.append(json.loads(it[3])["chance"])
        )
        for jobs in (1, 13):
            async with database.begin() as session:
                await session.run_sync(queueing.tell, BATCHES, jobs)
        await until_true(lambda: len(heard) == 2)
    finally:
        for it in opened:
            await it.close()
    assert heard == [4 / 16, 1.0]

    woken: list[bool] = []
    driver = queue_connection.Driver(database.connect_apart)
    driver.on_insert = lambda: woken.append(True)
    told: dict[str, object] = {"operation": "insert", "chance": 0.25}
    for drawn, event in ((0.2, told), (0.3, told), (0.3, {"operation": "insert"})):
        monkeypatch.setattr(random, "random", partial(float, drawn))
        driver._heard(None, None, None, json.dumps(event))
    assert len(woken) == 2


async def test_a_worker_that_was_stopped_takes_no_job_from_one_that_lives_by_a_retry(
    database: Database,
) -> None:
    other = uuid4()

    async def overtaken(_: Job) -> Again:
        await change(database, "UPDATE queue.pgqueuer SET queue_manager_id = :it", it=other)
        return Again(0.0)

    hands = Hands(do=overtaken)
    await offered(database, "1")
    async with working(database, hands):
        await until_true(lambda: hands.done)
    assert await rows(database, "status::text, queue_manager_id") == [("picked", other)]


async def test_a_lost_connection_is_opened_again_and_told_in_one_line(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(pgqueuer_parts, "POLL_SECONDS", 0.3)
    waits = asyncio.Event()

    async def long(job: Job) -> None:
        if job.payload == "long":
            await waits.wait()

    hands = Hands(do=long)
    await offered(database, "long")
    async with working(database, hands) as work:
        await until_true(lambda: hands.busy)
        pid = work._driver._connection.get_server_pid()  # type: ignore[union-attr]
        await change(database, "SELECT pg_terminate_backend(:pid)", pid=pid)
        await offered(database, "short")
        await until_true(lambda: hands.done == ["short"])
        waits.set()
        await until_true(lambda: len(hands.done) == 2)
    assert await rows(database) == []
    assert [it.message for it in caplog.records] == ["queue.connection_lost"]


async def test_a_server_that_cannot_serve_for_a_while_is_waited_for_and_told_once(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its disk is full, a lock was waited for too long, a standby took over: workers go on."""
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(queue_connection, "RECONNECT_SECONDS", 0.05)
    await change(
        database,
        "CREATE FUNCTION queue.no_room() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$",
    )
    await offered(database, "1")
    await change(
        database,
        "CREATE TRIGGER no_room BEFORE UPDATE ON queue.pgqueuer EXECUTE FUNCTION queue.no_room()",
    )
    hands = Hands()
    try:
        async with working(database, hands):
            await until_true(lambda: "queue.not_served" in [it.message for it in caplog.records])
            await asyncio.sleep(0.2)
            await change(database, "DROP FUNCTION queue.no_room CASCADE")
            await until_true(lambda: hands.done == ["1"])
    finally:
        await change(database, "DROP FUNCTION IF EXISTS queue.no_room CASCADE")
    assert [it.message for it in caplog.records] == ["queue.not_served"]


async def test_a_fault_of_ours_in_a_statement_is_raised(database: Database) -> None:
    driver = queue_connection.Driver(database.connect_apart)
    try:
        for statement in ("SELECT nothing FROM nowhere", "SELECT 1/0"):
            with pytest.raises(asyncpg.PostgresError):
                await driver.fetch(statement)
    finally:
        await driver.close()


async def test_those_who_offer_the_same_jobs_in_another_order_do_not_lock_each_other_out(
    database: Database,
) -> None:
    names = [str(it) for it in range(3000)]
    for delay in (60.0, 30.0):
        both = (offered(database, *it, delay=delay) for it in (names, reversed(names)))
        await asyncio.gather(*both)
    assert len(await rows(database)) == len(names)


async def test_a_handler_that_fails_is_told_and_its_job_comes_again(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queueing, "FAILED_SECONDS", 0.1)

    async def stumbles(job: Job) -> Again | None:
        if not job.attempts:
            raise RuntimeError("anne@example.org")
        return Again(0.0) if job.attempts < 2 else None

    hands = Hands(do=stumbles)
    await offered(database, "1")
    async with working(database, hands):
        await until_true(lambda: len(hands.done) == 3)
    assert [it.message for it in caplog.records] == ["work.failed"]
    async with database.reading() as session:
        noted = await session.execute(
            text("SELECT status::text, traceback FROM queue.pgqueuer_log")
        )
        log = [tuple(it) for it in noted]
    # PgQueuer's own would hold the error's text, and with it addresses.
    assert {it[1] for it in log} == {None}
    assert [it[0] for it in log].count("picked") == 3


async def test_all_workers_together_sweep_once_in_a_while(database: Database) -> None:
    asked = [database.perform(queueing.claim_sweep, 60.0) for _ in range(5)]
    assert sorted(await asyncio.gather(*asked)) == [False] * 4 + [True]
    assert await database.perform(queueing.claim_sweep, 0.0)
    # A copy of the database may have left out what the queues hold.
    await change(database, "DELETE FROM queue.swept")
    asked = [database.perform(queueing.claim_sweep, 60.0) for _ in range(5)]
    assert any(await asyncio.gather(*asked))
    assert not await database.perform(queueing.claim_sweep, 60.0)
    # The clock was set back an hour.
    await change(database, "UPDATE queue.swept SET at = now() + interval '1 hour'")
    assert await database.perform(queueing.claim_sweep, 60.0)


async def test_both_queues_are_apart(database: Database) -> None:
    async with database.begin() as session:
        await session.run_sync(enqueue, CHORES, [Offer("a:1", "a", "1")])
    hands = Hands()
    async with working(database, hands):
        await asyncio.sleep(0.3)
    assert hands.done == []
    chores = QueueWork(database, CHORES, everything, holding=nobodys)
    done: list[str] = []

    async def handle(job: Job) -> None:
        done.append(job.entrypoint)
        chores.stop()

    await asyncio.wait_for(chores.run(handle), 5)
    assert done == ["a"]
