"""How fast mails that came back are recorded: while a campaign is sent, its letters go first."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import select

from mailer.models import Campaign, CampaignState
from pli.database import Database

TOGETHER = 200
"""Mails of one transaction: each statement, and the wait for the disk, is then for many."""
EACH_SECONDS = 1.15
"""While something is sent, a transaction begins so long after the one before: 10,400 mails a minute
at most."""
CATCH_UP_SECONDS = 2 * EACH_SECONDS
"""Who was kept waiting by others may make up for so much of it."""
OF_ONE = 0.1
"""A mail that is worked on by itself counts as this share of TOGETHER."""
REST_OF_SQLITE = 19.0
"""While something is sent, SQLite's only writer rests so many times what a transaction held it."""


class RecordingPace:
    """The pace of one process that records, over all its transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._next = 0.0

    async def is_sending(self) -> bool:
        """Whether a campaign is sent now, by whatever process."""
        running = select(Campaign.id).where(Campaign.state == CampaignState.RUNNING).limit(1)
        async with self._database.reading() as session:
            return await session.scalar(running) is not None

    def rest(self, held: float, share: float = 1.0) -> float:
        """Seconds until the next transaction, after one that held what it locks for so long.

        `share`: of the work of TOGETHER mails.
        """
        now = time.monotonic()
        self._next = max(self._next, now - CATCH_UP_SECONDS) + share * EACH_SECONDS
        rest = REST_OF_SQLITE * held if self._database.is_sqlite else 0.0
        return max(self._next - now, rest)


class Room:
    """Leaves room for a sending behind each transaction; none is needed if nothing is sent."""

    def __init__(self, pace: RecordingPace, *, sending: bool) -> None:
        self._pace = pace
        self.sending = sending

    async def leave(self, since: float, share: float = 1.0) -> None:
        """Rest, after a transaction held locks since then (`time.monotonic`)."""
        if self.sending:
            await asyncio.sleep(self._pace.rest(time.monotonic() - since, share))
