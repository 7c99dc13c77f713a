"""Offers chores for rows, in the transaction that makes the rows: a rollback leaves none."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from pli import chore_rows
from pli.columns import clock


async def offer(
    session: AsyncSession, kind: str, row_id: int, *, at: datetime | None = None
) -> None:
    """Let a chore be done for a row, `at` an hour or as soon as possible.

    Offered twice, it is done once, at the hour named last. A held chore is tried again.
    """
    await chore_rows.put(session, kind, row_id, at=at or clock())


async def withdraw(session: AsyncSession, kind: str, row_id: int) -> None:
    """Take a chore back; one that is just done is done to its end."""
    await chore_rows.take_back(session, kind, row_id)
