"""The queue of chores on PostgreSQL: offered with what needs them, and done by who listens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select, text

from pli import chore_errands, chore_offers, chore_queue, jobs_file, queue_log
from pli.chore_errands import ChoreName
from pli.chore_queue import ChoreQueue
from pli.chore_rows import forget_over
from pli.chore_schedule import Every
from pli.chores import Again, ChoreFailed, Kind, Kinds
from pli.database import Database
from pli.jobs_file import Held
from pli.queue_names import CHORES
from pli.tables import Chore
from tests.waiting import until_true

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

KIND = "reminder"


class Handler:
    """Notes what it is asked to do; fails as long as `fails` says so."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.fails = False

    async def __call__(self, row_id: int) -> Again | None:
        self.asked.append(row_id)
        if self.fails:
            address = "mme.x@example.org"
            raise ValueError(address)
        return None


def nobodys(_manager: UUID) -> AbstractContextManager[Held]:
    return nullcontext(Held())


@asynccontextmanager
async def listening(database: Database, *kinds: Kind) -> AsyncIterator[ChoreQueue]:
    queue = ChoreQueue(database, Kinds.of(kinds), holding=nobodys)
    running = asyncio.create_task(queue.run())
    try:
        yield queue
    finally:
        queue.stop()
        await asyncio.wait_for(running, 10)


async def offered(database: Database, *row_ids: int, at: datetime | None = None) -> None:
    async with database.begin() as session:
        for row_id in row_ids:
            await chore_offers.offer(session, KIND, row_id, at=at)


async def jobs(database: Database) -> list[Any]:
    async with database.reading() as session:
        found = await session.execute(
            text(f"SELECT dedupe_key, status::text FROM {CHORES.table} ORDER BY id")
        )
        return [tuple(it) for it in found]


async def chores(database: Database) -> list[Chore]:
    async with database.reading() as session:
        return list(await session.scalars(select(Chore).order_by(Chore.row_id)))


async def test_chores_are_done_at_once_and_leave_neither_row_nor_job(database: Database) -> None:
    handle = Handler()
    async with listening(database, Kind(KIND, handle)) as queue:
        await until_true(lambda: queue.runs)
        await offered(database, 1, 2, 2, 3)
        await until_true(lambda: len(handle.asked) == 3, 2)
        await asyncio.sleep(0)
    assert sorted(handle.asked) == [1, 2, 3]
    assert await chores(database) == []
    assert await jobs(database) == []


async def test_a_rollback_leaves_no_job(database: Database) -> None:
    async with database.begin() as session:
        await chore_offers.offer(session, KIND, 1)
        await session.rollback()
    assert (await chores(database), await jobs(database)) == ([], [])


async def test_what_has_no_job_is_found_when_it_is_due_and_by_one_process(
    database: Database,
) -> None:
    """A copied database brings rows and no jobs; an hour comes; a job was lost."""
    handle = Handler()
    kind = Kind(KIND, handle, concurrency=5)
    await offered(database, 1, 2)
    await offered(database, 3, at=datetime.now(UTC) + timedelta(seconds=2))
    await offered(database, 4, at=datetime.now(UTC) + timedelta(hours=1))
    async with database.begin() as session:
        await session.execute(text(f"DELETE FROM {CHORES.table}"))
    async with listening(database, kind), listening(database, kind):
        await until_true(lambda: len(handle.asked) == 3)
    assert sorted(handle.asked) == [1, 2, 3]
    assert [it.row_id for it in await chores(database)] == [4]


async def test_who_is_woken_looks_for_what_is_due_at_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chore_queue, "LOOK_SECONDS", 60)
    handler = Handler()
    async with listening(database, Kind(KIND, handler)) as queue:
        await offered(database, 1)
        await until_true(lambda: handler.asked == [1])
        # Due only now, so that no job was offered with it.
        await offered(database, 2, at=datetime.now(UTC) + timedelta(seconds=0.3))
        await asyncio.sleep(0.4)
        queue.wake()
        await until_true(lambda: handler.asked == [1, 2], seconds=10)


async def test_a_dead_processs_job_is_found_though_the_clock_was_set_back(
    database: Database,
) -> None:
    handle = Handler()
    await offered(database, 1)
    async with database.begin() as session:
        await session.execute(
            text(
                f"UPDATE {CHORES.table} SET status = 'picked',"
                " queue_manager_id = gen_random_uuid(), heartbeat = now() + interval '1 hour'"
            )
        )
    async with listening(database, Kind(KIND, handle)):
        await until_true(lambda: handle.asked == [1], 5)
    assert (await chores(database), await jobs(database)) == ([], [])


async def test_a_look_that_finds_nothing_new_writes_nothing_and_wakes_nobody(
    database: Database,
) -> None:
    await offered(database, 1)
    queue = ChoreQueue(database, Kinds.of([Kind(KIND, Handler())]), holding=nobodys)
    written: list[str] = []
    event.listen(
        database.writer.sync_engine,
        "before_cursor_execute",
        lambda _c, _u, statement, *_: written.append(statement),
    )
    assert await queue.look() == 0  # it has a job already
    assert written == []


async def test_what_fails_for_the_last_time_is_held_by_pgqueuer_too_without_a_traceback(
    database: Database,
) -> None:
    handle = Handler()
    handle.fails = True
    await offered(database, 1)
    async with listening(database, Kind(KIND, handle, delays=(0.1,))):

        async def is_held() -> bool:
            return await jobs(database) == [(f"{KIND}:1", "failed")]

        await until_true(is_held)
        assert handle.asked == [1, 1]
        (row,) = await chores(database)
        assert (row.state.value, row.tries, row.code) == ("held", 2, "ValueError")
        async with database.reading() as session:
            notes = await session.execute(text(f"SELECT traceback FROM {CHORES.log_table}"))
            assert {it for (it,) in notes} == {None}
        await asyncio.sleep(1.2)  # looks go by, and leave alone what is held
        assert handle.asked == [1, 1]
        handle.fails = False
        async with database.begin() as session:
            await chore_errands.retry(session, ChoreName(KIND, 1))
        await until_true(lambda: len(handle.asked) == 3)
    assert (await chores(database), await jobs(database)) == ([], [])


async def test_retrying_does_not_wait_for_the_hour_of_the_next_try(database: Database) -> None:
    async def fails(row_id: int) -> Again | None:
        asked.append(row_id)
        raise ChoreFailed("no_answer")

    asked: list[int] = []
    await offered(database, 1)
    async with listening(database, Kind(KIND, fails, delays=(18_000.0, 18_000.0))):
        await until_true(lambda: asked == [1])

        async def waits() -> bool:
            return await jobs(database) == [(f"{KIND}:1", "queued")]

        await until_true(waits)
        async with database.begin() as session:
            await chore_errands.retry(session, ChoreName(KIND, 1))
        await until_true(lambda: asked == [1, 1])
        await until_true(waits)
        async with database.begin() as session:
            await chore_errands.forget(session, ChoreName(KIND, 1))
    assert await jobs(database) == []


async def test_a_process_takes_only_kinds_that_it_knows_and_has_hands_for(
    database: Database,
) -> None:
    goes_on, asked = asyncio.Event(), []

    async def waits(row_id: int) -> Again | None:
        asked.append(row_id)
        await goes_on.wait()
        return None

    await offered(database, 1, 2, 3)
    async with database.begin() as session:
        await chore_offers.offer(session, "unknown", 1)
    async with listening(database, Kind(KIND, waits, concurrency=2)):
        await until_true(lambda: len(asked) == 2)
        await asyncio.sleep(0.2)
        assert len(asked) == 2
        goes_on.set()
        await until_true(lambda: len(asked) == 3)
    assert await jobs(database) == [("unknown:1", "queued")]


async def test_a_process_that_stops_and_listens_anew_and_one_that_hangs_at_the_stop(
    database: Database,
) -> None:
    async def hangs(row_id: int) -> Again | None:
        asked.append(row_id)
        await asyncio.Event().wait()
        return None

    asked: list[int] = []
    queue = ChoreQueue(database, Kinds.of([Kind(KIND, hangs)]), holding=nobodys)
    for number in (1, 2):
        await offered(database, number)
        running = asyncio.create_task(queue.run())
        await until_true(lambda number=number: number in asked)
        queue.stop()
        await queue.end(0.01)
        await asyncio.wait_for(running, 10)
        assert not queue.runs
    assert {it.row_id for it in await chores(database)} == {1, 2}
    assert {status for _, status in await jobs(database)} == {"queued"}


async def test_a_file_says_whose_jobs_chores_are_as_long_as_their_process_lives(
    database: Database, tmp_path: Path
) -> None:
    began, ends = asyncio.Event(), asyncio.Event()

    async def hangs(_row_id: int) -> None:
        began.set()
        await ends.wait()

    kinds = Kinds.of([Kind(KIND, hangs)])
    queue = ChoreQueue(database, kinds, holding=partial(jobs_file.held, tmp_path, "tests"))
    await offered(database, 1)
    running = asyncio.create_task(queue.run())
    await asyncio.wait_for(began.wait(), 10)
    async with database.reading() as session:
        manager = await session.scalar(text(f"SELECT queue_manager_id FROM {CHORES.table}"))
    assert os.listdir(tmp_path) == [f"{manager}.jobs"]  # noqa: PTH208
    assert list(jobs_file.left_behind(tmp_path, "tests")) == []
    ends.set()
    queue.stop()
    await asyncio.wait_for(running, 10)
    assert os.listdir(tmp_path) == []  # noqa: PTH208


async def test_a_schedule_fires_once_though_several_listen(database: Database) -> None:
    handle = Handler()
    kind = Kind("tidy", handle, schedule=Every(3_600.0))
    async with listening(database, kind), listening(database, kind), listening(database, kind):
        await until_true(lambda: handle.asked)
        await asyncio.sleep(1.2)
    assert handle.asked == [0]
    (row,) = await chores(database)
    assert row.due_at > datetime.now(UTC) + timedelta(minutes=59)


async def test_old_notes_and_what_is_held_no_more_are_forgotten(database: Database) -> None:
    async with database.begin() as session:
        for day in (1, 3):
            await session.execute(
                text(
                    f"INSERT INTO {CHORES.log_table} (created, job_id, status, priority, "
                    f"entrypoint) VALUES (now() - make_interval(days => {day}), {day}, "
                    "'successful', 0, 'x')"
                )
            )
        for key in ("reminder:1", "reminder:2"):
            await session.execute(
                text(
                    f"INSERT INTO {CHORES.table} (priority, status, entrypoint, dedupe_key) "
                    "VALUES (0, 'failed', 'reminder', :key)"
                ),
                {"key": key},
            )
    await offered(database, 1, 2)
    async with database.begin() as session:
        await session.execute(text("UPDATE chore SET state = 'held' WHERE row_id = 1"))
        await queue_log.forget(session)
        days = await session.scalars(
            text(f"SELECT job_id FROM {CHORES.log_table} WHERE entrypoint = 'x'")
        )
        assert days.all() == [1]
        # A person has seen to the row of the other one.
        await forget_over(session, {KIND: lambda: select(Chore.row_id).where(Chore.row_id > 1)})
    assert [it.row_id for it in await chores(database)] == [2]
    assert [key for key, status in await jobs(database) if status == "failed"] == ["reminder:1"]
