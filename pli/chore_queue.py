"""Runs chores by the jobs of the queue that some processes of a PostgreSQL database listen to.

A job `kind:row` is a hint. One look a second finds every row that is due and has no job that may be
taken now: what was offered for an hour, what was lost, what a copied database brought.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection

from sqlalchemy.orm import Session

from pli import chore_look, chore_rows
from pli.chore_jobs import has_job_now, job_for
from pli.chores import Kinds, carry_out
from pli.database import Database, DatabaseAway
from pli.queue_names import CHORES
from pli.queueing import Holding, QueueWork, enqueue, free_from_ahead
from pli.work import Again, Held, Job, until

log = logging.getLogger("pli.chores")

LOOK_SECONDS = 1.0


class ChoreQueue:
    """Does the chores of one queue, from `run` until `stop`; `run` may be called again."""

    def __init__(self, database: Database, kinds: Kinds, *, holding: Holding) -> None:
        """`holding`: what says on this machine whose jobs are whose (`pli.jobs_file`)."""
        self._database = database
        self._kinds = kinds
        self._due = chore_look.due_chores(
            offered=kinds.offered, sources=kinds.sources, unless=has_job_now
        )
        self._holding = holding
        self._busy: Counter[str] = Counter()
        self._doing: set[asyncio.Task[Again | Held | None]] = set()
        self._stopped = asyncio.Event()
        self._look_now = asyncio.Event()
        self._work: QueueWork | None = None

    @property
    def runs(self) -> bool:
        """Whether this process listens."""
        return self._work is not None

    async def run(self) -> None:
        """Listen, and do what comes, until `stop`."""
        self._stopped.clear()
        self._work = QueueWork(self._database, CHORES, self._with_hands_free, holding=self._holding)
        looking = asyncio.create_task(self._look_for_work(self._work))
        try:
            await self._hand_out(self._work)
        finally:
            self._stopped.set()
            self._look_now.set()
            self._work = None
            await looking

    async def _hand_out(self, work: QueueWork) -> None:
        try:
            await work.run(self._do)
        except ConnectionError:
            if not self._stopped.is_set():
                raise  # at the stop, nobody waits for a database that is away

    def stop(self) -> None:
        """Take no further chore; `run` ends when those in work have ended."""
        self._stopped.set()
        self._look_now.set()
        if self._work is not None:
            self._work.stop()

    def wake(self) -> None:
        """Look for chores now: something has ended that others wait for."""
        self._look_now.set()

    async def end(self, patience: float) -> None:
        """Wait for what is in work, so many seconds; what is longer is cancelled, and done anew."""
        if self._doing:
            _, late = await asyncio.wait(set(self._doing), timeout=patience)
            for task in late:
                task.cancel()

    async def look(self) -> int:
        """Offer a job for each chore that is due and has none; how many are new."""
        async with self._database.reading() as session:
            found = await chore_look.look(session, self._due)
        # A transaction that writes only if there is something to write: an INSERT of nothing would
        # wake everybody who listens.
        if not found:
            return 0
        offers = [job_for(kind, row_id) for kind, row_id in found]

        def offer(session: Session) -> int:
            free_from_ahead(session, CHORES)
            return enqueue(session, CHORES, offers)

        return await self._database.perform(offer)

    async def _look_for_work(self, work: QueueWork) -> None:
        started = False
        try:
            while not self._stopped.is_set():
                try:
                    if not started:
                        async with self._database.begin() as session:
                            await chore_rows.ensure_schedules(session, self._kinds.schedules)
                        started = True
                    await self.look()
                except DatabaseAway as error:
                    log.warning("chore.look_failed", extra={"reason": str(error)})
                await until(self._look_now, LOOK_SECONDS)
                self._look_now.clear()
        finally:
            work.stop()

    def _with_hands_free(self, due: Collection[str]) -> Collection[str]:
        known = self._kinds.by_name
        return [it for it in due if it in known and self._busy[it] < known[it].concurrency]

    async def _do(self, job: Job) -> Again | Held | None:
        name, _, row_id = job.payload.partition(":")
        self._busy[name] += 1
        # A task of its own, which can be cancelled: PgQueuer waits for its jobs without end.
        doing = asyncio.create_task(
            carry_out(self._database, self._kinds.by_name[name], int(row_id))
        )
        self._doing.add(doing)
        try:
            return await doing
        except asyncio.CancelledError:
            if not doing.cancelled():
                raise
            return Again(0.0)
        finally:
            self._doing.discard(doing)
            self._busy[name] -= 1
