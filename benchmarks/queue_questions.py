"""How long PostgreSQL takes to answer what workers ask, with so many batches due.

    .venv/bin/python -m benchmarks.queue_questions --batches 10000

In turns, the median of each: the question of the sweep that looks through all due batches (SQLite's
way, and that of PostgreSQL before decision 044), the sweep's question for batches without a job,
the question which entrypoints have due jobs, and the taking of a job, which is undone each time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
from pgqueuer.domain.types import QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter
from sqlalchemy import text

from benchmarks import letters, servers
from benchmarks.campaign import populate, prepared
from benchmarks.tools import told_if_missing
from mailer.campaign import jobs, lifecycle
from mailer.engine import constants
from mailer.ledger.due import due
from pli import keys as key_ring
from pli import schema
from pli.database import Database, check_keys
from pli.pgqueuer_parts import HEARTBEAT, due_entrypoints, queries_over
from pli.queue_names import BATCHES

Asked = Callable[[], Awaitable[object]]


async def _filled(database: Database, batches: int) -> None:
    await schema.upgrade(database)
    keys = key_ring.generate()
    async with database.begin() as session:
        await check_keys(session, keys)
    list_id = await populate(database, keys, batches)
    campaign_id = await prepared(
        database, keys, letters.of_size(8_000, keys), list_id=list_id, batch_size=1
    )
    async with database.begin() as session:
        began = time.monotonic()
        await lifecycle.start(session, campaign_id=campaign_id, now=datetime.now(UTC))
        print(f"offered {batches} jobs in {time.monotonic() - began:.2f} s", file=sys.stderr)
    async with database.begin() as session:
        await session.execute(text("ANALYZE"))


async def _take(raw: asyncpg.Connection[Any]) -> None:
    names = [str(it["entrypoint"]) for it in await raw.fetch(due_entrypoints(BATCHES), HEARTBEAT)]
    turn = raw.transaction()
    await turn.start()
    await queries_over(raw, BATCHES).dequeue(
        1,
        {QueueEntrypoint(it): EntrypointExecutionParameter(0) for it in names},
        QueueManagerId(uuid4()),
        None,
        timedelta(seconds=30),
    )
    await turn.rollback()


async def measured(database: Database, batches: int, turns: int) -> dict[str, float]:
    """The median of each question, in milliseconds."""
    await _filled(database, batches)
    raw = await database.connect_apart()
    spent: dict[str, list[float]] = defaultdict(list)

    async def all_due() -> None:
        async with database.reading() as session:
            await due(session, limit=constants.LOOKED_AT)

    async def without_a_job() -> None:
        async with database.reading() as session:
            assert not await jobs.forgotten(session, limit=constants.OFFERED)

    async def entrypoints() -> None:
        await raw.fetch(due_entrypoints(BATCHES), HEARTBEAT)

    questions: dict[str, Asked] = {
        "all due batches": all_due,
        "batches without a job": without_a_job,
        "entrypoints with due jobs": entrypoints,
        "the same, and taking a job": lambda: _take(raw),
    }
    for _ in range(turns):
        for name, ask in questions.items():
            began = time.perf_counter()
            await ask()
            spent[name].append(time.perf_counter() - began)
    await raw.close()
    return {name: round(statistics.median(it) * 1e3, 2) for name, it in spent.items()}


async def _run(batches: int, turns: int) -> dict[str, float]:
    with ExitStack() as stack:
        server = stack.enter_context(servers.postgresql())
        await server.execute("CREATE DATABASE bench")
        database = Database(server.url("bench"))
        try:
            return await measured(database, batches, turns)
        finally:
            await database.close()


def main() -> None:
    """Print the milliseconds as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=30)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(_run(options.batches, options.turns)), indent=1))


if __name__ == "__main__":
    with told_if_missing():
        main()
