"""PgQueuer's parts as we use them on PostgreSQL; what it does not promise stands here.

So does what its driver is asked for: `pli.queue_connection`.

Its tables and its queries are not public, and some of its habits cost too much where many workers
share a queue: it asks four times where one question is enough, asks ten times a second while its
hands are full, tells all workers when a job ends, and keeps tracebacks. tests/pli/
test_pgqueuer_parts.py fails when a version of it changes what is used here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.executors import EntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job as QueuedJob
from pgqueuer.domain.models import TracebackRecord
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import (
    JOB_STATUS,
    Channel,
    HealthCheckId,
    QueueEntrypoint,
    QueueManagerId,
)
from pgqueuer.ports.repository import EntrypointExecutionParameter

from pli.clocks import boot_time
from pli.queue_connection import Driver
from pli.queue_names import SCHEMA, Queue

log = logging.getLogger("pli.work")
# Each of our own lines says once what PgQueuer says in many, with tracebacks.
logging.getLogger("pgqueuer").setLevel(logging.CRITICAL + 1)

POLL_SECONDS = 5.0
"""Jobs that fall due, and those of dead workers, are found by asking; so nobody sleeps longer."""
HEARTBEAT = timedelta(seconds=30)
"""Equal to a batch's lease: what a lost machine had is free when its lease has lapsed."""
FIRST = 1_000_000_000
"""The priority of what goes before everything else."""
_FULL_SECONDS = 1.0
_SOON = 0.01

Offered = Callable[[Collection[str]], Collection[str]]
"""Of the entrypoints that have due jobs, those of which a job may be taken now."""


def settings_of(queue: Queue) -> DBSettings:
    """PgQueuer's settings; each is given, or it would read the environment for the rest."""
    names = {
        "function": "fn_pgqueuer_changed",
        "statistics_table": "pgqueuer_statistics",
        "queue_status_type": "pgqueuer_status",
        "queue_table": "pgqueuer",
        "queue_table_log": "pgqueuer_log",
        "trigger": "tg_pgqueuer_changed",
        "schedules_table": "pgqueuer_schedules",
    }
    return DBSettings(
        prefix=queue.prefix,
        db_schema=SCHEMA,
        channel=Channel(queue.channel),
        durability=Durability.balanced,
        widen_id=True,
        **{name: f"{queue.prefix}{its}" for name, its in names.items()},
    )


class OfferingQueries(Queries):
    """PgQueuer's statements, for a worker that offers to take some jobs and not others.

    One question where PgQueuer has four, and none while no job may be taken.
    """

    def __init__(self, driver: Driver, queue: Queue, offered: Offered) -> None:
        super().__init__(driver, **_builders(queue))
        self.stopping = False
        self._changed = asyncio.Event()
        self._asked_at = float("-inf")
        self._link = driver
        self._queue = queue
        self._offered = offered
        self._due: Collection[str] = ()
        driver.on_insert = self.look_anew

    def look(self) -> None:
        """Look for jobs now: more of them may be taken than before."""
        self._changed.set()
        self._link.wake()

    def look_anew(self) -> None:
        """Look for jobs now: there may be others than before."""
        self._asked_at = float("-inf")
        self.look()

    async def dequeue(
        self,
        batch_size: int,
        entrypoints: dict[QueueEntrypoint, EntrypointExecutionParameter],
        queue_manager_id: QueueManagerId,
        global_concurrency_limit: int | None,
        heartbeat_timeout: timedelta,
    ) -> list[QueuedJob]:
        """Take a job; wait as long as none may be taken, and ask nothing meanwhile."""
        del entrypoints, global_concurrency_limit  # the queue's rows and `offered` say both
        self._link.awake()
        # The job that was taken last is in a task that has not begun: it must count as in work.
        await asyncio.sleep(0)
        names: Collection[str] = ()
        while not self.stopping:
            self._changed.clear()
            if not self._due or boot_time() > self._asked_at + POLL_SECONDS:
                await self._ask(heartbeat_timeout)
            names = self._offered(self._due)
            if names or not self._due:
                break
            try:
                await asyncio.wait_for(self._changed.wait(), _FULL_SECONDS)
            except TimeoutError:
                continue
        if not names or self.stopping:
            return []
        jobs = await super().dequeue(
            batch_size,
            {QueueEntrypoint(it): EntrypointExecutionParameter(0) for it in names},
            queue_manager_id,
            None,
            heartbeat_timeout,
        )
        if not jobs:
            self._due = ()
        return jobs

    async def _ask(self, heartbeat: timedelta) -> None:
        self._asked_at = boot_time()
        rows = await self._link.fetch(due_entrypoints(self._queue), heartbeat)
        self._due = [str(row["entrypoint"]) for row in rows]

    async def eligible_queued_work(self, entrypoints: list[QueueEntrypoint]) -> int:
        """Not asked: what came meanwhile was told by the driver, or is found by the next poll."""
        del entrypoints
        return 0

    async def next_deferred_eta(self, entrypoints: list[QueueEntrypoint]) -> timedelta | None:
        """Not asked: else all idle workers would wake for the same job."""
        del entrypoints
        return None

    async def queued_work(self, entrypoints: list[QueueEntrypoint]) -> int:
        """Not asked: it matters only where a queue is worked off once."""
        del entrypoints
        return 0

    async def notify_health_check(self, health_check_event_id: HealthCheckId) -> None:
        """Ask the server for a sign, without telling all workers that one did so."""
        await self._link.fetch("SELECT 1")
        self._link.deliver(type="health_check_event", id=str(health_check_event_id))

    async def retry_job(
        self, job: QueuedJob, delay: timedelta, traceback_record: TracebackRecord | None
    ) -> None:
        """Let a job come again, behind those that are next now; only if it is still ours.

        PgQueuer would keep its priority, and a batch that gave way would come first again.
        """
        del traceback_record  # it may hold addresses
        statement = _RETRY.format(
            table=self._queue.table, log=self._queue.log_table, level=level(self._queue)
        )
        await self._link.execute(statement, job.id, delay, job.queue_manager_id)
        seconds = delay.total_seconds()
        # An UPDATE tells nobody. This worker looks in time, and the others some seconds later; if
        # this one ends, some others are told.
        if seconds < POLL_SECONDS and self.stopping:
            await self._link.execute(telling(self._queue, jobs="$1::int"), 1)
        elif seconds < POLL_SECONDS:
            asyncio.get_running_loop().call_later(seconds + _SOON, self.look_anew)

    async def log_jobs(
        self, job_status: list[tuple[QueuedJob, JOB_STATUS, TracebackRecord | None]]
    ) -> None:
        """Note what became of jobs, without tracebacks: they may hold addresses."""
        await super().log_jobs([(job, status, None) for job, status, _ in job_status])


class Manager(QueueManager):
    """PgQueuer's loop, which works on all entrypoints by one function."""

    def __init__(
        self,
        queries: OfferingQueries,
        queue: Queue,
        manager_id: UUID,
        do: Callable[[QueuedJob], Awaitable[None]],
    ) -> None:
        super().__init__(queries, Channel(queue.channel))
        self.queue_manager_id = QueueManagerId(manager_id)
        self.entrypoint_registry = _OneForAll(
            EntrypointExecutor(
                EntrypointExecutorParameters(
                    concurrency_limit=0, func=do, accepts_context=False, on_failure="hold"
                )
            )
        )

    async def verify_structure(self) -> None:
        """Nothing: `pli.schema` has looked, and fourteen questions to the catalogue cost 70 ms."""

    async def work(self) -> None:
        """Take jobs and do them, until `shutdown`."""
        await self.run(
            dequeue_timeout=timedelta(seconds=POLL_SECONDS),
            batch_size=1,
            heartbeat_timeout=HEARTBEAT,
            log_aggregation_interval=timedelta(0),
        )


class _OneForAll(dict[QueueEntrypoint, Any]):
    """Every entrypoint has the same executor: which ones there are, the queue's rows say."""

    def __init__(self, executor: EntrypointExecutor) -> None:
        super().__init__()
        self._executor = executor

    def __missing__(self, _: QueueEntrypoint) -> EntrypointExecutor:
        return self._executor


def queries_over(connection: asyncpg.Connection[Any], queue: Queue) -> Queries:
    """PgQueuer's statements over somebody's connection, in its transaction."""
    return Queries(AsyncpgDriver(connection), **_builders(queue))


def _builders(queue: Queue) -> dict[str, Any]:
    settings = settings_of(queue)
    return {
        "qbe": QueryBuilderEnvironment(settings),
        "qbq": QueryQueueBuilder(settings),
        "qbs": QuerySchedulerBuilder(settings),
    }


def comes_again(seconds: float) -> RetryRequested:
    """What a job raises to come again."""
    return RetryRequested(timedelta(seconds=max(0.0, seconds)))


def due_entrypoints(queue: Queue) -> str:
    """The entrypoints that have due jobs, or jobs of workers silent for $1, as SQL."""
    return _DUE.format(table=queue.table)


def telling(queue: Queue, *, jobs: str) -> str:
    """Let about as many who listen look for jobs as there are jobs, as SQL, and three more.

    Each who hears it draws by itself whether to look (`Driver`), by the chance named here.
    """
    return _TELL.format(channel=queue.channel, table=queue.table, jobs=jobs)


def level(queue: Queue) -> str:
    """The priority of what is in work now, as SQL; FIRST does not count."""
    return _LEVEL.format(table=queue.table, first=FIRST)


_DUE = """
    WITH RECURSIVE name AS (
        (SELECT entrypoint FROM {table} WHERE status = 'queued' ORDER BY entrypoint LIMIT 1)
        UNION ALL
        SELECT (SELECT it.entrypoint FROM {table} it
                WHERE it.status = 'queued' AND it.entrypoint > name.entrypoint
                ORDER BY it.entrypoint LIMIT 1)
        FROM name WHERE name.entrypoint IS NOT NULL
    )
    SELECT entrypoint FROM name
    WHERE entrypoint IS NOT NULL AND EXISTS (
        SELECT FROM {table} it
        WHERE it.entrypoint = name.entrypoint AND it.status = 'queued'
          AND it.execute_after < now())
    UNION
    SELECT entrypoint FROM {table} WHERE status = 'picked' AND heartbeat < now() - $1::interval
"""

_TELL = """
    SELECT pg_notify('{channel}', json_build_object(
      'channel', '{channel}', 'operation', 'insert', 'sent_at', now(), 'table', '{table}',
      'type', 'table_changed_event',
      'chance', ({jobs} + 3.0) / greatest(1, (
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = '{channel}')))::text)
"""

_LEVEL = """coalesce(
    (SELECT min(priority) FROM {table} WHERE status = 'picked' AND priority < {first}),
    (SELECT max(priority) FROM {table} WHERE status = 'queued' AND priority < {first}),
    0)"""

_RETRY = """
    WITH retry AS (
        UPDATE {table} SET
            status = 'queued', execute_after = now() + $2::interval, updated = now(),
            attempts = attempts + 1, queue_manager_id = NULL,
            priority = least(priority, {level}) - 1
        WHERE id = $1 AND queue_manager_id = $3
        RETURNING id, entrypoint, priority
    )
    INSERT INTO {log} (job_id, status, entrypoint, priority)
    SELECT id, 'queued', entrypoint, priority FROM retry
"""
