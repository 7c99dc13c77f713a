"""How long questions about a large sending take: a story, a page of copies, the report, the CSV.

    .venv/bin/python -m benchmarks.asking
    .venv/bin/python -m benchmarks.asking --people 100000 --only sqlite

Fills a new database with a sending to so many people, nearly all of them sent, and asks each
question several times; the figures are medians. Exit 1 if a story takes 100 ms or more.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks import letters, servers
from benchmarks.campaign import populate, prepared
from benchmarks.tools import told_if_missing
from mailer.models import Status
from mailer.report import (
    breakdown,
    compare,
    copies,
    copy_pages,
    html_page,
    live_details,
    persons_letters,
    standing,
    story,
    summary,
    timeline,
)
from pli import keys as key_ring
from pli import schema
from pli.database import Database
from pli.keys import Keys
from subscribers import people as people_of
from subscribers.address import Address

TIMES = 5
STORY_MS = 100.0
FAILED_EACH = 1_000
"""One in so many copies failed, one was uncertain, and one person left by its link."""
# Written at once: to send them would take minutes, and the questions are the same.
_FILL = (
    "UPDATE delivery SET status = 'sent', attempts = 1 WHERE batch IS NOT NULL",
    f"UPDATE delivery SET status = 'failed', reason = 'mailbox_full' WHERE id % {FAILED_EACH} = 0",
    f"UPDATE delivery SET status = 'uncertain' WHERE id % {FAILED_EACH} = 1",
    """INSERT INTO attempt (delivery_id, number, at, relay, outcome, stage, reply_code,
         enhanced_code, reply_text, milliseconds)
       SELECT id, 1, {at}, 'relay', CASE status WHEN 'failed' THEN 'failed' ELSE 'sent' END, 'body',
         250, '2.0.0', '2.0.0 Ok: queued', 5 FROM delivery WHERE batch IS NOT NULL""",
    """INSERT INTO consent_record (subscriber_id, list_id, event, source, wording, entered_by,
         delivery_id, at)
       SELECT subscriber_id, list_id, 'left', 'link', '', '', id, {at} FROM delivery
       WHERE id % {each} = 2""",
    *(
        f"""UPDATE batch SET {it.value} = (SELECT count(*) FROM delivery
            WHERE delivery.campaign_id = batch.campaign_id AND delivery.batch = batch.number
              AND delivery.status = '{it.value}')"""
        for it in (Status.PENDING, Status.SENT, Status.FAILED, Status.UNCERTAIN)
    ),
    "UPDATE campaign SET state = 'finished', started_at = {at}, finished_at = {at}",
    "ANALYZE",
)


async def fill(database: Database, keys: Keys, people: int) -> int:
    """A sending to so many people that is over; the campaign's id."""
    await schema.upgrade(database)
    list_id = await populate(database, keys, people)
    campaign = await prepared(database, keys, letters.of_size(8_000, keys), list_id=list_id)
    # Spread over an hour, so that the columns of the report have something to count.
    spread = (
        "datetime('2026-11-28 08:00:00', (coalesce({id}, 0) % 3600) || ' seconds')"
        if database.is_sqlite
        else "timestamptz '2026-11-28 08:00:00+00' + (coalesce({id}, 0) % 3600) * interval '1 s'"
    )
    for statement in _FILL:
        at = spread.format(id="id")
        async with database.begin() as session:
            await session.execute(
                text(statement.replace("{at}", at).replace("{each}", str(FAILED_EACH)))
            )
    return campaign


Question = Callable[[AsyncSession], Awaitable[Any]]


def questions(campaign: int, people: int) -> dict[str, Question]:
    """What is asked, by its name."""
    address = Address.parse(f"p{people // 2:07d}@example.org")

    async def last_page(session: AsyncSession) -> object:
        after = copy_pages.After(str(people // 1_000 - 1), 0)
        return await copy_pages.page(session, campaign, status=Status.SENT, after=after)

    async def parts(session: AsyncSession) -> object:
        over_time = await timeline.timeline(session, campaign)
        return await breakdown.breakdown(session, campaign, over_time)

    async def of_person(session: AsyncSession) -> object:
        person = await people_of.get(session, address)
        return await persons_letters.letters(session, person.id)

    async def page(session: AsyncSession) -> object:
        report = await summary.report(session, campaign)
        return await html_page.render(session, report, language="fr", people=False)

    return {
        "one copy's story": lambda it: story.story(
            it, campaign, address=address, zone="Europe/Paris"
        ),
        "all letters of a person": of_person,
        "first page of sent copies": lambda it: copy_pages.page(it, campaign, status=Status.SENT),
        "last page of sent copies": last_page,
        "page of uncertain copies": lambda it: copy_pages.page(
            it, campaign, status=Status.UNCERTAIN
        ),
        "page of failed, by reason": lambda it: copy_pages.page(
            it, campaign, status=Status.FAILED, reason="mailbox_full"
        ),
        "numbers of a watcher": lambda it: standing.of_campaigns(it, [campaign]),
        "details of a watcher": lambda it: live_details.details(it, campaign),
        "comparison": lambda it: compare.compare(it, [campaign]),
        "report's sum": lambda it: summary.report(it, campaign),
        "report's parts": parts,
        "whole page of the report": page,
    }


async def measured(url: str, people: int) -> bool:
    """Print the figures of one database; whether a story is fast enough."""
    database, keys = Database(url), key_ring.generate()
    try:
        began = time.monotonic()
        campaign = await fill(database, keys, people)
        print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
        fast = True
        for name, ask in questions(campaign, people).items():
            took = []
            for _ in range(TIMES):
                async with database.reading() as session:
                    began = time.monotonic()
                    await ask(session)
                    took.append((time.monotonic() - began) * 1_000)
            median = statistics.median(took)
            print(f"{name:<28} {median:8.1f} ms, slowest {max(took):8.1f} ms", flush=True)
            if name == "one copy's story":
                fast = median < STORY_MS
        await exported(database, keys, campaign)
        return fast
    finally:
        await database.close()


async def exported(database: Database, keys: Keys, campaign: int) -> None:
    """Print how long the CSV of all copies takes, and how much memory at most meanwhile."""
    _forget_peak()
    before, octets = _peak_mb(), 0
    began = time.monotonic()
    async with database.reading() as session:
        async for piece in copies.as_csv(session, campaign, keys):
            octets += len(piece)
    print(
        f"{'all copies as CSV':<28} {time.monotonic() - began:8.1f} s, {octets / 1e6:.0f} MB; "
        f"memory {before:.0f} MB before, {_peak_mb():.0f} MB at most"
    )


def _forget_peak() -> None:
    """Let the peak of this process's memory begin anew (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    """The most memory that this process had since its peak was last forgotten (Linux)."""
    (line,) = (it for it in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in it)
    return int(line.split()[1]) / 1024


def main() -> None:
    """Measure on SQLite and on PostgreSQL, or on one of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    fast = True
    print(f"{options.people:,} copies, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    if options.only != "postgresql":
        with tempfile.TemporaryDirectory(prefix="pli-asking-") as folder:
            print("SQLite")
            fast &= asyncio.run(measured(f"sqlite+aiosqlite:///{folder}/pli.db", options.people))
    if options.only != "sqlite":
        with servers.postgresql() as server:
            print("PostgreSQL")
            asyncio.run(server.execute("CREATE DATABASE bench"))
            fast &= asyncio.run(measured(server.url("bench"), options.people))
    sys.exit(not fast)


if __name__ == "__main__":
    with told_if_missing():
        main()
