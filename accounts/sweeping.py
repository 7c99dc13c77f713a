"""Deletes what is over: sessions, links, challenges, and yesterday's counts of failures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import challenges, limits, links, session_ends


async def sweep(session: AsyncSession, *, now: datetime) -> int:
    """Delete whatever lets nobody in any more; how many rows. Once an hour is enough."""
    return (
        await session_ends.sweep(session, now=now)
        + await links.sweep(session, now=now)
        + await challenges.sweep(session, now=now)
        + await limits.sweep(session, now=now)
    )
