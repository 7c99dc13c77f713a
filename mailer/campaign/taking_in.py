"""Takes in many mails that came back, some in one transaction, and leaves room for a sending.

They are read in a thread, before a transaction begins: the event loop of a sending goes on, and
nobody waits for the database's writer while a mail is read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from mailer.bounces.handling import Arrival, Came
from mailer.bounces.rules import USUAL, BounceRules
from mailer.campaign import coming_back
from mailer.models import Campaign, CampaignState
from pli.database import Database, DatabaseAway

TOGETHER = 200
"""Mails of one transaction: each statement, and the wait for the disk, is then for many."""
EACH_SECONDS = 1.0
"""While something is sent, a transaction begins so long after the one before: 12,000 mails a minute
at most, so that bounces come in as they came, and not before the letters."""
REST = 19.0
"""While something is sent, a rest of so many times what a transaction took, at least.

SQLite has one writer: whoever sends waits for each of these transactions.
"""
READING_REST = 2.0
"""While something is sent, a rest of so many times what it took to read a mail.

A thread that reads without a pause would keep the interpreter's lock from the thread that sends.
"""

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

    `read` is `handling.read_arrival` with all but the mail given; it is called in a thread.
    """
    source = iter(mails)
    while True:
        begun = time.monotonic()
        sending = await _is_sending(database)
        some = await asyncio.to_thread(_read, source, read, READING_REST if sending else 0.0)
        if not some:
            return
        recording = time.monotonic()
        for it in await _recorded(database, some, rules, now()):
            yield it
        if sending:
            ended = time.monotonic()
            await asyncio.sleep(max(begun + EACH_SECONDS - ended, REST * (ended - recording)))


def _read(
    source: Iterator[tuple[str, bytes]], read: Callable[[bytes], Arrival], rest: float
) -> Sequence[Named]:
    some: list[Named] = []
    for name, raw in islice(source, TOGETHER):
        begun = time.thread_time()
        some.append((name, read(raw)))
        if rest:
            time.sleep(rest * (time.thread_time() - begun))
    return some


async def _recorded(
    database: Database, some: Sequence[Named], rules: BounceRules, now: datetime
) -> Sequence[tuple[str, Came]]:
    """Record mails in one transaction; one by one, if others stand in the way of all together."""
    try:
        came = await database.perform(
            coming_back.take_in_all, [it for _, it in some], rules=rules, now=now
        )
    except (DatabaseAway, IntegrityError):
        # Together they lock more than one would: somebody may wait for us while we wait for them.
        # Or a person was erased since the mails were tied to their copies.
        if len(some) == 1:
            raise
        return [found for it in some for found in await _recorded(database, [it], rules, now)]
    return list(zip((name for name, _ in some), came, strict=True))


async def _is_sending(database: Database) -> bool:
    running = select(Campaign.id).where(Campaign.state == CampaignState.RUNNING).limit(1)
    async with database.reading() as session:
        return await session.scalar(running) is not None
