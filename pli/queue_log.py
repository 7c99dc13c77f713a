"""Forgets what PgQueuer noted of its jobs: three rows a job, and each job that it holds back."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pli.columns import SQLITE
from pli.queue_names import CHORES, QUEUES

KEPT_DAYS = 2
"""For so long, PgQueuer's own dashboard can look back."""


async def forget(session: AsyncSession) -> None:
    """Delete notes older than KEPT_DAYS, and held jobs of chores that are held no more."""
    if session.get_bind().dialect.name == SQLITE:
        return
    for queue in QUEUES:
        forget_notes = text(_FORGET_NOTES.replace("{table}", queue.log_table))
        await session.execute(forget_notes, {"days": KEPT_DAYS})
    await session.execute(text(_FORGET_HELD.replace("{table}", CHORES.table)))


_FORGET_NOTES = "DELETE FROM {table} WHERE created < now() - make_interval(days => :days)"
_FORGET_HELD = """
    DELETE FROM {table} AS job WHERE status = 'failed' AND NOT EXISTS (
      SELECT FROM chore WHERE kind || ':' || row_id = job.dedupe_key AND state = 'held')
"""
