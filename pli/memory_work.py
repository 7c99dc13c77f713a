"""A queue in the memory of one process: PgQueuer's, without a database."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta

from pgqueuer import PgQueuer
from pgqueuer.domain.models import Job as QueuedJob

from pli.work import Handle, Job

log = logging.getLogger("pli.work")

ENTRYPOINT = "batch"
_LONGEST_IDLE = timedelta(milliseconds=200)


class MemoryWork:
    """A queue of batch ids in memory; `run` works on `concurrency` of them at a time, at least 2.

    A job ends whatever its handler answers: the sweep offers its batch again when it is due.
    """

    def __init__(self, concurrency: int = 2) -> None:
        # PgQueuer refuses less than twice its batch of 1; without a limit it would run all at once.
        self._concurrency = max(2, concurrency)
        self._queuer = PgQueuer.in_memory()
        self._known: set[int] = set()

    @property
    def known(self) -> int:
        """How many batches are queued or in work."""
        return len(self._known)

    async def enqueue(self, batch_ids: Iterable[int], *, first: bool = False) -> None:
        """Queue batches, `first` before others; those queued or in work stay where they are."""
        fresh = [batch_id for batch_id in batch_ids if batch_id not in self._known]
        if fresh:
            self._known.update(fresh)
            await self._queuer.qm.queries.enqueue(
                [ENTRYPOINT] * len(fresh),
                [str(batch_id).encode() for batch_id in fresh],
                [int(first)] * len(fresh),
            )

    async def run(self, handle: Handle) -> None:
        """Work until `stop`. A job that fails is logged, and the sweep finds its batch again.

        To be called once: PgQueuer's object does not start a second time.
        """

        @self._queuer.entrypoint(ENTRYPOINT)
        async def job(job: QueuedJob) -> None:
            payload = (job.payload or b"0").decode()
            try:
                await handle(Job(payload, ENTRYPOINT))
            # A fault of one job ends no work: it is told, and the sweep finds its batch again.
            except Exception:
                log.exception("work.failed", extra={"batch": payload})
            finally:
                self._known.discard(int(payload))

        await self._queuer.qm.run(
            batch_size=1,
            max_concurrent_tasks=self._concurrency,
            dequeue_timeout=_LONGEST_IDLE,
            log_aggregation_interval=timedelta(0),
        )

    def stop(self) -> None:
        """Take no further job; `run` ends when the jobs in work have ended."""
        self._queuer.shutdown.set()

    def wake(self) -> None:
        """Nothing to do: the queue in memory is looked at all the time."""
