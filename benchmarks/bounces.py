"""How many mails that came back are recorded in a second, on each database.

    .venv/bin/python -m benchmarks.bounces --mails 10000

Each mail is about another copy of one campaign of three times as many, and is read, tied to its
copy, kept, and followed. A tenth calls the recipient unknown for certain, a tenth in words alone,
a fifth blames us, and the rest are full mailboxes. 200 share a transaction. They are given as files
are (`pli bounce read`), and then, to a new database, by a door: first it takes them, 500 in one
transaction, and then the chore of `pli serve` works on them.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import func, select, update

from benchmarks import recording
from benchmarks.machine import machine, moment
from benchmarks.recording import reading
from benchmarks.servers import POSTGRESQL
from mailer.bounce_models import Bounce
from mailer.campaign.taking_in import take_in_many
from mailer.intake import working
from mailer.models import Batch, Campaign, CampaignState, Delivery, Status
from pli import schema
from pli.database import Database, check_keys
from tests import factories as make
from tests.factories import KEYS
from tests.mailer.bounces.coming_back import BLAMED, FULL, GONE, LIKELY, bounce_of, copies_of
from tests.servers import PostgreSQL

ANSWERS = (GONE, LIKELY, BLAMED, BLAMED, *(FULL,) * 6)


async def measure(url: str, count: int) -> float:
    """The seconds that it takes to record so many mails."""
    database = Database(url)
    await schema.upgrade(database)
    mails = await mails_of(database, count)
    begun = time.monotonic()
    async for _, came in take_in_many(
        database, (("", it) for it in mails), read=reading(), now=partial(datetime.now, UTC)
    ):
        assert came.bounce_id is not None
    seconds = time.monotonic() - begun
    await database.close()
    return seconds


async def by_a_door(url: str, count: int) -> tuple[float, float]:
    """The seconds that it takes to take so many mails, and then to work on them."""
    database = Database(url)
    await schema.upgrade(database)
    mails = await mails_of(database, count)
    begun = time.monotonic()
    await recording.take(database, mails)
    taken = time.monotonic()
    assert await working.work_all(database, recording.MEANS) == count
    ended = time.monotonic()
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Bounce)) == count
    await database.close()
    return taken - begun, ended - taken


async def mails_of(database: Database, count: int) -> Sequence[bytes]:
    """Mails about copies that were sent, each about another."""
    now = datetime.now(UTC)
    async with database.begin() as session:
        await check_keys(session, KEYS)
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, KEYS, members, 3 * count, now=now)
        campaign = await make.a_campaign(session, KEYS, [members], now=now, batch_size=500)
        await session.execute(update(Delivery).values(status=Status.SENT, attempts=1))
        await session.execute(update(Batch).values(sent=Batch.pending, pending=0))
        await session.execute(update(Campaign).values(state=CampaignState.FINISHED))
    async with database.reading() as session:
        copies = list(await copies_of(session, campaign.id))
    chance = random.Random(21)
    return [
        bounce_of(number, address, chance.choice(ANSWERS))
        for number, address in chance.sample(copies, count)
    ]


def main() -> None:
    """Measure once on each database, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mails", type=int, default=10_000)
    count: int = parser.parse_args().mails
    print(machine(), moment(), flush=True)
    with tempfile.TemporaryDirectory(prefix="pli-bounces-") as folder:
        _print("SQLite", count, [f"sqlite+aiosqlite:///{Path(folder) / it}.db" for it in NAMES])
    with PostgreSQL.started(POSTGRESQL) as server:
        for it in NAMES:
            asyncio.run(server.execute(f"CREATE DATABASE {it}"))
        _print("PostgreSQL", count, [server.url(it) for it in NAMES])


NAMES = ("files", "door")


def _print(name: str, count: int, urls: Sequence[str]) -> None:
    files, door = urls
    seconds = asyncio.run(measure(files, count))
    print(
        f"{name}: {count:,} mails in {seconds:.1f} s, {count / seconds:,.0f} a second", flush=True
    )
    taken, worked = asyncio.run(by_a_door(door, count))
    print(f"{name}: by a door, taken in {taken:.1f} s, worked on in {worked:.1f} s", flush=True)


if __name__ == "__main__":
    main()
