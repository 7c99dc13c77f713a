"""How long it takes to write a delivery for each of many candidates: `campaigns.prepare`."""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import time
from datetime import UTC, datetime

import wire

from mailer import campaigns, theming
from mailer.campaigns import Frozen
from pli import keys as key_ring
from pli import schema
from pli.database import Database


async def measure(people: int) -> float:
    """Seconds for one campaign to so many people, on a fresh SQLite file."""
    with tempfile.TemporaryDirectory(prefix="pli-bench-") as folder:
        keys = key_ring.generate()
        database = Database(f"sqlite+aiosqlite:///{folder}/pli.db")
        await schema.upgrade(database)
        list_id = await wire.populate(database, keys, people)
        letter, _ = wire.letter_of(8_000, keys)
        now = datetime.now(UTC)
        began = time.monotonic()
        async with database.begin() as session:
            campaign = await campaigns.create(
                session,
                frozen=Frozen.of(letter, theming.load(letter.theme), wire.identity()),
                list_ids=[list_id],
                token_key=keys.current,
                retry_delays=[300.0],
                now=now,
            )
            await campaigns.prepare(session, campaign_id=campaign.id, batch_size=1_000, now=now)
        seconds = time.monotonic() - began
        await database.close()
    return seconds


def main() -> None:
    """One line: people, seconds, peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    people = parser.parse_args().people
    seconds = asyncio.run(measure(people))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{people} people prepared in {seconds:.2f} s, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
