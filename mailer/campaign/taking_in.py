"""Takes in many mails that came back, some in one transaction, and leaves room for a sending."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import islice
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces.handling import Came
from mailer.models import Campaign, CampaignState
from pli.database import Database, DatabaseAway

TOGETHER = 50
"""Mails of one transaction at most: a commit for each would wait for the disk each time."""
MOST_SECONDS = 0.02
"""While something is sent, a transaction takes no further mail after so long."""
REST, REST_OF_SQLITE = 1.0, 10.0
"""While something is sent, a rest of so many times what a transaction took.

SQLite has one writer: whoever sends waits for each of these transactions.
"""
LOOK_SECONDS = 0.2
"""How often is asked whether something is sent."""


class TakeIn(Protocol):
    """Records one mail in a transaction: `coming_back.take_in` with all but the mail given."""

    async def __call__(self, session: AsyncSession, *, raw: bytes) -> Came: ...


async def take_in_many(
    database: Database, mails: Iterable[tuple[str, bytes]], take_in: TakeIn
) -> AsyncIterator[tuple[str, Came]]:
    """Record each mail, given with its name; yields what became of it once that is committed."""
    source = iter(mails)
    waiting: list[tuple[str, bytes]] = []
    looked, sending = time.monotonic(), await _is_sending(database)
    while waiting := [*waiting, *islice(source, TOGETHER - len(waiting))]:
        begun = time.monotonic()
        most = MOST_SECONDS if sending else math.inf
        done = await _recorded(database, waiting, take_in, most)
        took = time.monotonic() - begun
        for it in done:
            yield it
        del waiting[: len(done)]
        if time.monotonic() >= looked + LOOK_SECONDS:
            looked, sending = time.monotonic(), await _is_sending(database)
        if sending:
            await asyncio.sleep(took * (REST_OF_SQLITE if database.is_sqlite else REST))


async def _recorded(
    database: Database, some: Sequence[tuple[str, bytes]], take_in: TakeIn, most: float
) -> Sequence[tuple[str, Came]]:
    """Record the first of some mails in one transaction: one at least, for `most` seconds."""
    try:
        async with database.begin() as session:
            begun = time.monotonic()
            done: list[tuple[str, Came]] = []
            for name, raw in some:
                done.append((name, await take_in(session, raw=raw)))
                if time.monotonic() - begun > most:
                    break
            return done
    except DatabaseAway:
        # Together they lock addresses in the order of the mails. Somebody who locks the same
        # addresses in another order may wait for us while we wait for them.
        if len(some) == 1:
            raise
    return await _recorded(database, some[:1], take_in, most)


async def _is_sending(database: Database) -> bool:
    running = select(Campaign.id).where(Campaign.state == CampaignState.RUNNING).limit(1)
    async with database.reading() as session:
        return await session.scalar(running) is not None
