"""How long it takes to foresee a sending, and how long a writer waits meanwhile.

    .venv/bin/python -m benchmarks.foreseeing --people 100000
    .venv/bin/python -m benchmarks.foreseeing --people 1000000 --kind postgresql

Two lists: everybody is on the first, one in three on the second. One in twenty has left, one in
fifty is barred, and everybody had the last letter to the first list. Meanwhile a writer adds one
row every 50 ms. Exit 1 if an answer takes more than 1 s for 100,000 people, or 10 s for 1,000,000.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks import servers
from mailer.campaign.addressees import Addressees, Aside
from mailer.report.foresee import Foreseen, LetterNumber, foresee
from pli import schema
from pli.database import Database

ALLOWED_SECONDS = 10.0
ALLOWED_FOR = 1_000_000
SMALL_SECONDS = 1.0
SMALL = 100_000

LETTER = LetterNumber(294, "c")
ADDRESSEES = {
    "one list": Addressees((1,)),
    "one list, a rule": Addressees((1,), rule='departement in ("44", "49", "53")'),
    "two lists, one set aside with a rule": Addressees(
        (1, 2), aside=Aside((2,), (("", 'departement = "72"'),))
    ),
}

PEOPLE = """
WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < :people)
INSERT INTO subscriber
  (id, email, email_folded, address_key, first_name, last_name, language, attributes, folded,
   created_at)
SELECT n, 'membre' || n || '@example.org', 'membre' || n || '@example.org', {key}, 'M', 'N', 'fr',
  {json}, {json}, '2026-01-01 00:00:00' FROM counted
"""
LISTS = """
INSERT INTO list (id, name, title, description, language, relays, created_at) VALUES
(1, 'membres', 'Membres', '', 'fr', '[]', '2026-01-01 00:00:00'),
(2, 'elus', 'Élus', '', 'fr', '[]', '2026-01-01 00:00:00')
"""
TIES = """
INSERT INTO subscription (subscriber_id, list_id, state, paused, basis, since)
SELECT id, {list}, CASE WHEN id % 20 = 0 THEN 'left' ELSE 'confirmed' END, {false}, 'member',
  '2026-01-01 00:00:00' FROM subscriber WHERE id % {share} = 0
"""
BARRED = """
INSERT INTO suppression (address_key, reason, source, at)
SELECT address_key, 'objection', '', '2026-01-01 00:00:00' FROM subscriber WHERE id % 50 = 0
"""
CAMPAIGN = """
INSERT INTO campaign (id, number, title, subject, language, state, audience, segment, rule, frozen,
  letter_hash, frozen_hash, token_key, retry_delays, excluded, created_at, started_at)
VALUES (1, 293, 'T', 'S', 'fr', 'finished', 'first', '', '', '', 'a', 'b', '1', '[]', '{}',
  '2026-01-01 00:00:00', '2026-01-01 00:00:00')
"""
COPIES = """
INSERT INTO delivery (campaign_id, subscriber_id, list_id, batch, status, attempts)
SELECT 1, id, 1, 1, 'sent', 1 FROM subscriber WHERE id % 20 > 0
"""
BATCH = """
INSERT INTO batch (campaign_id, number, list_id, provider, due_at, takings, pending, sending, sent,
  failed, skipped, uncertain)
VALUES (1, 1, 1, 'other', '2026-01-01 00:00:00', 0, 0, 0, :sent, 0, 0, 0)
"""


async def fill(database: Database, people: int) -> None:
    """Write people, lists, noes and a letter that everybody had."""
    document = """'{"departement": "' || (n % 95) || '"}'"""
    kinds = (
        {"key": "CAST(printf('%016d', n) AS BLOB)", "json": document, "false": "0"}
        if database.is_sqlite
        else {
            "key": "convert_to(lpad(n::text, 16, '0'), 'UTF8')",
            "json": f"({document})::jsonb",
            "false": "false",
        }
    )
    async with database.begin() as session:
        await session.execute(text(LISTS))
        await session.execute(text("INSERT INTO attribute VALUES ('departement', 'text', 'D')"))
        await session.execute(text(PEOPLE.format(**kinds)), {"people": people})
        for list_, share in ((1, 1), (2, 3)):
            await session.execute(text(TIES.format(list=list_, share=share, **kinds)))
        await session.execute(text(BARRED))
        await session.execute(text(CAMPAIGN.replace(":", r"\:")))
        await session.execute(text("INSERT INTO campaign_list VALUES (1, 1, 0)"))
        await session.execute(text(COPIES))
        await session.execute(text(BATCH), {"sent": people - people // 20})
    async with database.writer.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("ANALYZE"))


async def writing(database: Database, waits: list[float], stop: asyncio.Event) -> None:
    """Add one row every 50 ms, and note how long each took."""
    n = 0
    while not stop.is_set():
        n += 1
        begun = time.perf_counter()
        async with database.begin() as session:
            await session.execute(
                text("INSERT INTO suppression VALUES (:key, 'objection', '', :at)"),
                {
                    "key": secrets.token_bytes(16),
                    "at": "2026-01-01 00:00:00" if database.is_sqlite else datetime.now(UTC),
                },
            )
        waits.append(time.perf_counter() - begun)
        await asyncio.sleep(0.05)


async def timed(
    database: Database, ask: Callable[[AsyncSession], Awaitable[Foreseen]]
) -> tuple[float, float, float, Foreseen]:
    """The seconds of one answer, those of the processor, and the writer's longest wait meanwhile.

    The processor's are of this process, in which SQLite works, too; PostgreSQL does not.
    """
    waits: list[float] = []
    stop = asyncio.Event()
    task = asyncio.create_task(writing(database, waits, stop))
    await asyncio.sleep(0.3)
    begun, worked = time.perf_counter(), time.process_time()
    async with database.reading() as session:
        found = await ask(session)
    took, worked = time.perf_counter() - begun, time.process_time() - worked
    stop.set()
    await task
    return took, worked, max(waits), found


async def measure(url: str, people: int) -> bool:
    """Print the figures of one database; whether all are within the bounds."""
    database = Database(url)
    await schema.upgrade(database)
    await fill(database, people)
    allowed = SMALL_SECONDS if people <= SMALL else ALLOWED_SECONDS * people / ALLOWED_FOR
    kept = True
    for name, addressees in ADDRESSEES.items():
        for examples in (False, True):
            took, worked, wait, found = await timed(
                database,
                partial(foresee, addressees=addressees, letter=LETTER, examples=examples),
            )
            kept &= took <= allowed
            told = "with examples" if examples else "numbers alone"
            print(
                f"{'SQLite' if database.is_sqlite else 'PostgreSQL'}, {people} people, {name}, "
                f"{told}: {took:.2f} s (allowed {allowed:.0f}; {worked:.2f} s of the processor "
                f"here); a writer waited {wait * 1000:.0f} ms at most; {found.receiving} of "
                f"{found.candidates}"
            )
    await database.close()
    return kept


def main() -> None:
    """Measure, and exit 1 if an answer takes too long."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--people", type=int, default=SMALL)
    parser.add_argument("--kind", choices=["sqlite", "postgresql"], default="sqlite")
    options = parser.parse_args()
    if options.kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="pli-bench-") as folder:
            kept = asyncio.run(measure(f"sqlite+aiosqlite:///{folder}/pli.db", options.people))
    else:
        with servers.postgresql() as server:
            asyncio.run(server.execute("CREATE DATABASE bench"))
            kept = asyncio.run(measure(server.url("bench"), options.people))
    sys.exit(not kept)


if __name__ == "__main__":
    main()
