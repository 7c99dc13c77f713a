"""Settles what dead workers of this machine had noted in their journals, and frees their jobs.

No queue can distribute this: the files lie on the machine, and the lock that proves their worker
dead is this kernel's. So each engine does it, every few seconds, by its own clock.
"""

from __future__ import annotations

import logging

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mailer.campaign import lifecycle
from mailer.engine import constants
from mailer.engine.context import EngineContext
from mailer.ledger import recovery
from mailer.ledger.journal_record import JournalRecord
from pli.clocks import boot_time
from pli.database import refuses_the_data

log = logging.getLogger("pli.delivery")


class DeadJournals:
    """The journals, and the files of jobs, that dead workers left on this machine."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._replayed = float("-inf")

    async def step(self) -> None:
        """Replay them and free the jobs, if the last time was long enough ago."""
        if boot_time() < self._replayed + constants.REPLAY_SECONDS:
            return
        with self._context.journal.left_behind() as records:
            for record in records:
                try:
                    await self._context.database.perform(_replayed, record)
                except DBAPIError as error:
                    if not refuses_the_data(error):
                        raise
                    # One file that the database refuses must not hold up all sending.
                    log.exception("journal.refused", extra={"batch": record.batch_id})
                    self._context.journal.set_aside(record)
                else:
                    self._context.journal.forget(record)
                    log.info("journal.heard", extra={"batch": record.batch_id})
        if not self._context.database.is_sqlite:
            await self._free_jobs()
        self._replayed = boot_time()

    async def _free_jobs(self) -> None:
        # Imported here: it loads the driver of PostgreSQL, and SQLite needs none.
        from pli import queueing

        with self._context.journal.jobs_left_behind() as managers:
            for manager, file in managers:
                freed = await self._context.database.perform(queueing.free, manager)
                file.unlink(missing_ok=True)
                log.info("jobs.freed", extra={"jobs": freed})


def _replayed(session: Session, record: JournalRecord) -> None:
    waits = recovery.replay(session, record)
    if waits is not None:
        lifecycle.reopen(session, campaign_id=waits)
