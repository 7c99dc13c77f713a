"""Takes in many mails that came back, some in one transaction, and leaves room for a sending.

They are read before a transaction begins, so nobody waits for the database's writer meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailer.bounces.handling import Arrival, Came
from mailer.bounces.rules import USUAL, BounceRules
from mailer.campaign import coming_back
from mailer.models import Campaign, CampaignState
from pli.database import Database, DatabaseAway

TOGETHER = 200
"""Mails of one transaction: each statement, and the wait for the disk, is then for many."""
EACH_SECONDS = 1.15
"""While something is sent, a transaction begins so long after the one before: 10,400 mails a minute
at most. The letters of the campaign go first."""
REST_OF_SQLITE = 19.0
"""While something is sent, SQLite's only writer rests so many times what a transaction held it."""
SMALL = 64 * 1024
"""Octets of a mail that is read at once, in some 0.2 ms; a larger one is read in a thread.

A thread and the event loop of a sending would wait for the interpreter's lock from each other, at
each of the loop's callbacks: that costs the sending more than to wait for one mail.
"""
READING_REST = 0.002
"""Seconds between two mails that are read, so that all else on the event loop has its turn."""

Named = tuple[str, Arrival]


async def take_in_many(
    database: Database,
    mails: Iterable[tuple[str, bytes]],
    *,
    read: Callable[[bytes], Arrival],
    rules: BounceRules = USUAL,
    now: Callable[[], datetime],
) -> AsyncIterator[tuple[str, Came]]:
    """Record each mail, given with its name; yields what became of it once that is committed.

    `read` is `handling.read_arrival` with all but the mail given.
    """
    source = iter(mails)
    while True:
        begun = time.monotonic()
        sending = await _is_sending(database)
        some = await _read(source, read, READING_REST if sending else 0.0)
        if not some:
            return
        recorded = await _recorded(database, some, rules, now())
        for it in zip((name for name, _ in some), recorded.came, strict=True):
            yield it
        if sending:
            rest = REST_OF_SQLITE * recorded.held if database.is_sqlite else 0.0
            await asyncio.sleep(max(begun + EACH_SECONDS - time.monotonic(), rest))


async def _read(
    source: Iterator[tuple[str, bytes]], read: Callable[[bytes], Arrival], rest: float
) -> Sequence[Named]:
    some: list[Named] = []
    for name, raw in islice(source, TOGETHER):
        small = len(raw) <= SMALL
        some.append((name, read(raw) if small else await asyncio.to_thread(read, raw)))
        await asyncio.sleep(rest)
    return some


class _Recorded(NamedTuple):
    """What became of mails, and for how many seconds their transaction held what it locks."""

    came: Sequence[Came]
    held: float


async def _recorded(
    database: Database, some: Sequence[Named], rules: BounceRules, now: datetime
) -> _Recorded:
    """Record mails in one transaction; one by one, if others stand in the way of all together."""
    try:
        return await database.perform(_record, [it for _, it in some], rules, now)
    except (DatabaseAway, IntegrityError):
        # Together they lock more than one would: somebody may wait for us while we wait for them.
        # Or a person was erased since the mails were tied to their copies.
        if len(some) == 1:
            raise
    found = [await _recorded(database, [it], rules, now) for it in some]
    return _Recorded([one for it in found for one in it.came], sum(it.held for it in found))


def _record(
    session: Session, arrivals: Sequence[Arrival], rules: BounceRules, now: datetime
) -> _Recorded:
    # The wait for the writer is over by now, and does not count.
    begun = time.monotonic()
    came = coming_back.take_in_all(session, arrivals, rules=rules, now=now)
    return _Recorded(came, time.monotonic() - begun)


async def _is_sending(database: Database) -> bool:
    running = select(Campaign.id).where(Campaign.state == CampaignState.RUNNING).limit(1)
    async with database.reading() as session:
        return await session.scalar(running) is not None
