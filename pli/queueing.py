"""The queues on PostgreSQL: jobs are offered within the transaction that makes them necessary.

All processes share a queue; PgQueuer hands its jobs out, and gives those of a lost machine to
another. `pli.pgqueuer_parts` says what we use of PgQueuer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from pgqueuer.domain.models import Job as QueuedJob
from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from pli.database import Database, DatabaseAway
from pli.jobs_file import Held as FileOfJobs
from pli.pgqueuer_parts import (
    FIRST,
    Manager,
    Offered,
    OfferingQueries,
    comes_again,
    level,
    queries_over,
    telling,
)
from pli.queue_connection import Driver
from pli.queue_names import QUEUES, Offer, Queue
from pli.work import Handle, Held, Job

log = logging.getLogger("pli.work")

Holding = Callable[[UUID], AbstractContextManager[FileOfJobs]]

FAILED_SECONDS = 5.0
"""A job whose handler raised comes again after this."""


class JobHeld(Exception):
    """A job that PgQueuer keeps as failed; raised to it, for it has no other way to be told."""


def enqueue(session: Session, queue: Queue, offers: Sequence[Offer]) -> int:
    """Offer jobs in the session's transaction, so that a rollback leaves none; how many are new.

    A job that is there already stays, and is pulled forward where it waits for a later moment.
    For an AsyncSession: `await session.run_sync(enqueue, queue, offers)`. Never to be called in
    the transactions of the ledger that recur with each window: at its commit, NOTIFY takes a lock
    over the whole server.
    """
    if not offers:
        return 0
    # Asked first: an INSERT that skips every row would wake all workers.
    known = {
        row.dedupe_key: row.later
        for row in session.execute(
            _text(_KNOWN, queue),
            {"keys": [it.key for it in offers], "delays": [it.delay for it in offers]},
        )
    }
    later = [it for it in offers if known.get(it.key)]
    if later:
        session.execute(
            _text(_PULL_FORWARD, queue),
            {"keys": [it.key for it in later], "delays": [it.delay for it in later]},
        )
        tell(session, queue, len(later))
    fresh = [it for it in offers if it.key not in known]
    if fresh:
        base = session.scalar(_text(f"SELECT {level(queue)}", queue)) or 0
        connection: Any = session.connection().connection.dbapi_connection
        connection.run_async(lambda raw: _insert(raw, queue, fresh, base))
    return len(fresh)


async def _insert(
    raw: asyncpg.Connection[Any], queue: Queue, fresh: Sequence[Offer], base: int
) -> None:
    if not raw.is_in_transaction():
        # SQLAlchemy begins one with its first statement; before it, this would be committed.
        raise RuntimeError("a job is offered within a transaction only")
    placed = enumerate(fresh, 1)
    # In the order of their keys: two that insert the same ones would else wait for each other.
    ordered = sorted((it.key, it, FIRST if it.first else base - place) for place, it in placed)
    await queries_over(raw, queue).enqueue(
        [it.entrypoint for _, it, _ in ordered],
        [it.payload.encode() for _, it, _ in ordered],
        [priority for _, _, priority in ordered],
        [timedelta(seconds=it.delay) for _, it, _ in ordered],
        [key for key, _, _ in ordered],
        on_conflict="skip",
    )


def tell(session: Session, queue: Queue, jobs: int) -> None:
    """Let some who listen look for so many jobs: PgQueuer's trigger tells nobody of an UPDATE.

    If none of them has room, the next poll of another finds the jobs (`POLL_SECONDS`).
    """
    session.execute(text(telling(queue, jobs="CAST(:jobs AS int)")), {"jobs": jobs})


def free(session: Session, manager: UUID) -> int:
    """Give back all jobs of a manager; only for a caller with proof that nobody works on them."""
    freed = 0
    for queue in QUEUES:
        jobs = session.execute(_text(_FREE, queue), {"manager": manager}).all()
        if jobs:
            tell(session, queue, len(jobs))
        freed += len(jobs)
    return freed


def free_from_ahead(session: Session, queue: Queue) -> None:
    """Give back jobs whose heartbeat lies ahead: the clock was set back, and they look alive."""
    if jobs := session.execute(_text(_FREE_FROM_AHEAD, queue)).all():
        tell(session, queue, len(jobs))


def claim_sweep(session: Session, seconds: float) -> bool:
    """Whether the caller is to look for what has no job: one worker of all, every `seconds`."""
    claimed = session.execute(text(_CLAIM_SWEEP), {"seconds": seconds}).all()
    return bool(claimed)


class QueueWork:
    """The jobs of one queue that this process takes: those that `offered` names.

    `offered` is given the entrypoints that have due jobs, and answers which of them may be taken
    now; `wake` is to be called when it may name more than before.
    """

    def __init__(
        self, database: Database, queue: Queue, offered: Offered, *, holding: Holding
    ) -> None:
        """`holding`: what says on this machine, as long as it lives, that the jobs are its own."""
        self.manager = uuid4()
        """By this id the queue knows who has a job."""
        self._database = database
        self._queue = queue
        self._holding = holding
        self._driver = Driver(partial(database.connect_apart, queue.channel))
        self._queries = OfferingQueries(self._driver, queue, offered)
        self._handle: Handle
        self._loop: Manager | None = None

    async def run(self, handle: Handle) -> None:
        """Hand over jobs until `stop`, and wait for those in work; to be called once."""
        file = FileOfJobs()
        with ExitStack() as stack:
            try:
                file = stack.enter_context(self._holding(self.manager))
            except OSError as error:
                # Without the file its jobs are free half a minute after its death, not at once.
                log.warning("jobs.not_noted", extra={"reason": str(error)})
            await self._hand_out(handle)
            file.given_back = await self._give_back_all()

    async def _give_back_all(self) -> bool:
        """Free the jobs whose end was not written, for their connection was lost; whether done."""
        try:
            await self._database.perform(free, self.manager)
        except DatabaseAway as error:
            log.warning("jobs.not_freed", extra={"reason": str(error)})
            return False
        return True

    async def _hand_out(self, handle: Handle) -> None:
        self._handle = handle
        self._loop = Manager(self._queries, self._queue, self.manager, self._do)
        try:
            if not self._queries.stopping:
                await self._loop.work()
        except ConnectionError:
            if not self._queries.stopping:
                raise
            # The server is away, and nobody waits for it any more: what was not written of the
            # last jobs is found as a dead worker's.
        finally:
            await self._driver.close()

    def stop(self) -> None:
        """Take no further job; `run` ends when the jobs in work have ended."""
        self._queries.stopping = True
        self._driver.stop()
        self._queries.look()
        if self._loop is not None:
            self._loop.shutdown.set()

    def wake(self) -> None:
        """Look for jobs now: more of them may be taken than when they were last looked for."""
        self._queries.look()

    async def _do(self, job: QueuedJob) -> None:
        payload = (job.payload or b"").decode()
        try:
            again = await self._handle(Job(payload, str(job.entrypoint), job.attempts))
        # A fault of one job ends no queue: it is told, and the job comes again.
        except Exception:
            log.exception("work.failed", extra={"job": payload})
            raise comes_again(FAILED_SECONDS) from None
        finally:
            # Not before the handler's own room is free again.
            asyncio.get_running_loop().call_soon(self._queries.look)
        if isinstance(again, Held):
            raise JobHeld(again.code)
        if again is not None:
            raise comes_again(again.seconds)


def _text(statement: str, queue: Queue) -> TextClause:
    return text(statement.replace("{table}", queue.table))


_KNOWN = """
    SELECT job.dedupe_key,
      job.status = 'queued' AND job.execute_after > now() + make_interval(secs => wanted.delay)
        AS later
    FROM unnest(CAST(:keys AS text[]), CAST(:delays AS float8[])) AS wanted (key, delay)
    JOIN {table} AS job ON job.dedupe_key = wanted.key AND job.status IN ('queued', 'picked')
"""

_PULL_FORWARD = """
    WITH mine AS MATERIALIZED (
        SELECT job.id, wanted.delay
        FROM unnest(CAST(:keys AS text[]), CAST(:delays AS float8[])) AS wanted (key, delay)
        JOIN {table} AS job ON job.dedupe_key = wanted.key AND job.status = 'queued'
        ORDER BY job.id FOR UPDATE OF job
    )
    UPDATE {table} AS job
    SET execute_after = now() + make_interval(secs => mine.delay), updated = now()
    FROM mine
    WHERE job.id = mine.id AND job.execute_after > now() + make_interval(secs => mine.delay)
"""

# The row may be missing: a copy of the database may leave out what the queues hold.
_CLAIM_SWEEP = """
    WITH claimed AS (
        UPDATE queue.swept SET at = now()
        WHERE at <= now() - make_interval(secs => :seconds) OR at > now() + interval '1 minute'
        RETURNING at
    ), first AS (
        INSERT INTO queue.swept (at) SELECT now() WHERE NOT EXISTS (SELECT FROM queue.swept)
        RETURNING at
    )
    SELECT at FROM claimed UNION ALL SELECT at FROM first
"""

_FREE_FROM_AHEAD = """
    UPDATE {table}
    SET status = 'queued', execute_after = now(), updated = now(), queue_manager_id = NULL
    WHERE status = 'picked' AND heartbeat > now() + interval '1 minute' RETURNING id
"""

_FREE = """
    UPDATE {table}
    SET status = 'queued', execute_after = now(), updated = now(), queue_manager_id = NULL
    WHERE queue_manager_id = :manager AND status = 'picked' RETURNING id
"""
