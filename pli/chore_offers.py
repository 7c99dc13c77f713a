"""Offers chores for rows, in the transaction that makes the rows: a rollback leaves none."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from pli import chore_rows
from pli.chore_jobs import job_for
from pli.columns import clock
from pli.queue_names import CHORES, has_queues


async def offer(
    session: AsyncSession, kind: str, row_id: int, *, at: datetime | None = None
) -> None:
    """Let a chore be done for a row, `at` an hour or as soon as possible.

    Offered twice, it is done once, at the hour named last. A held chore is tried again.
    """
    await chore_rows.put(session, kind, row_id, at=at or clock())
    if at is None:
        await hint(session, kind, row_id)


async def hint(session: AsyncSession, kind: str, row_id: int) -> None:
    """Let a row that is due be done at once; without this, it is found within a second.

    Does nothing on SQLite, where the process that does chores looks twice a second.
    """
    await session.run_sync(_offer_job, kind, row_id)


def _offer_job(session: Session, kind: str, row_id: int) -> None:
    if not has_queues(session):
        return
    # Imported here: it loads PgQueuer's and asyncpg's modules, and a command on SQLite would wait.
    from pli.queueing import enqueue

    enqueue(session, CHORES, [job_for(kind, row_id)])


async def withdraw(session: AsyncSession, kind: str, row_id: int) -> None:
    """Take a chore back; one that is just done is done to its end."""
    await chore_rows.take_back(session, kind, row_id)
