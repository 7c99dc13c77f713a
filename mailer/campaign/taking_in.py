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

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailer.bounces.arrivals import Arrival
from mailer.bounces.handling import Came
from mailer.bounces.rules import USUAL, BounceRules
from mailer.campaign import coming_back, recording_pace
from mailer.campaign.recording_pace import RecordingPace
from pli.background import BackgroundThread
from pli.database import Database, DatabaseAway

Named = tuple[str, Arrival]


async def take_in_many(
    database: Database,
    mails: Iterable[tuple[str, bytes]],
    *,
    read: Callable[[bytes], Arrival],
    rules: BounceRules = USUAL,
    now: Callable[[], datetime],
    failed: Callable[[str, Exception], None] | None = None,
) -> AsyncIterator[tuple[str, Came]]:
    """Record each mail, given with its name; yields what became of it once that is committed.

    `read` is `arrivals.read_arrival` with all but the mail given. For a process that does not send
    itself: mails are read in a thread of low priority. `failed` is told of each mail that cannot be
    recorded for a fault of ours, and the others are; without it, the first such fault is raised.
    """
    source = iter(mails)
    pace = RecordingPace(database)
    with BackgroundThread() as thread:
        while some := await thread.run(_read, source, read):
            recorded = await _recorded(database, some, rules, now(), failed)
            for it in recorded.came:
                yield it
            if await pace.is_sending():
                await asyncio.sleep(pace.rest(recorded.held))


def _read(source: Iterator[tuple[str, bytes]], read: Callable[[bytes], Arrival]) -> Sequence[Named]:
    return [(name, read(raw)) for name, raw in islice(source, recording_pace.TOGETHER)]


class _Recorded(NamedTuple):
    """What became of mails, and for how many seconds their transaction held what it locks."""

    came: Sequence[tuple[str, Came]]
    held: float


async def _recorded(
    database: Database,
    some: Sequence[Named],
    rules: BounceRules,
    now: datetime,
    failed: Callable[[str, Exception], None] | None,
) -> _Recorded:
    """Record mails in one transaction, in smaller ones if anything stands in the way of that."""
    parts: Sequence[Sequence[Named]]
    try:
        return await database.perform(_record, some, rules, now)
    except (DatabaseAway, IntegrityError):
        # Together they lock more than one would: somebody may wait for us while we wait for them.
        # Or a person was erased since the mails were tied to their copies.
        if len(some) == 1:
            raise
        parts = [[it] for it in some]
    # A fault of ours in one of them: halves find out which it is.
    except Exception as error:
        if failed is None:
            raise
        if len(some) == 1:
            failed(some[0][0], error)
            return _Recorded([], 0.0)
        parts = (some[: len(some) // 2], some[len(some) // 2 :])
    found = [await _recorded(database, it, rules, now, failed) for it in parts]
    return _Recorded([one for it in found for one in it.came], sum(it.held for it in found))


def _record(
    session: Session, some: Sequence[Named], rules: BounceRules, now: datetime
) -> _Recorded:
    # The wait for the writer is over by now, and does not count.
    begun = time.monotonic()
    came = coming_back.take_in_all(session, [it for _, it in some], rules=rules, now=now)
    names = (name for name, _ in some)
    return _Recorded([*zip(names, came, strict=True)], time.monotonic() - begun)
