"""What a copy leaves in PostgreSQL: bytes of its rows and their indexes, and of the WAL.

    .venv/bin/python -m benchmarks.sizes --copies 20000

The WAL is counted with full pages, as PostgreSQL writes it by default; what preparing a further
campaign to the same people writes is counted apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks import costs, letters, servers
from benchmarks.campaign import prepared
from benchmarks.processes import sent_prepared, step
from benchmarks.sending import Order
from benchmarks.tools import told_if_missing
from pli import keys as key_ring
from pli.database import Database
from tests.servers import PostgreSQL

TABLES = ("subscriber", "subscription", "delivery", "attempt", "batch")
_TABLE = "SELECT pg_table_size(%r::regclass), pg_indexes_size(%r::regclass), count(*) FROM %s"


async def _ask(server: PostgreSQL, *questions: str) -> list[Any]:
    connection = await server.connect("bench")
    try:
        return [await connection.fetchrow(it) for it in questions]
    finally:
        await connection.close()


def _written(server: PostgreSQL) -> int:
    (row,) = asyncio.run(_ask(server, "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))
    return int(row[0])


async def _prepare_another(order: Order) -> None:
    """Prepare a campaign of another letter to the same people."""
    database, keys = Database(order.database_url), key_ring.generate()
    await prepared(database, keys, letters.of_size(order.size + 500, keys), list_id=1)
    await database.close()


def run(copies: int, size: int) -> dict[str, Any]:
    """Send one campaign; bytes a copy."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pli-sizes-"))
        port = stack.enter_context(servers.sink())
        server = stack.enter_context(servers.postgresql())
        asyncio.run(server.execute("CREATE DATABASE bench"))
        order = Order(
            folder=folder,
            database_url=server.url("bench"),
            relay_url=f"smtp://127.0.0.1:{port}?tls=none",
            people=copies,
            size=size,
            connections=10,
            signed=False,
        )
        before = _written(server)
        made = step("prepare", order)
        ready = _written(server)
        figures = sent_prepared(
            replace(order, campaign=made["campaign"]),
            server_cpu=partial(costs.cpu_seconds_of, server.pid),
        )
        sent = _written(server)
        asyncio.run(_prepare_another(order))
        again = _written(server)
        rows = asyncio.run(_ask(server, *(_TABLE % (it, it, it) for it in TABLES)))
    return {
        "copies": copies,
        "bytes_a_row": {
            name: {"table": round(row[0] / row[2]), "indexes": round(row[1] / row[2])}
            for name, row in zip(TABLES, rows, strict=True)
            if row[2]
        },
        "wal_a_copy": {
            "people": round((ready - before - again + sent) / copies),
            "preparing": round((again - sent) / copies),
            "sending": round((sent - ready) / copies),
        },
        "copies_a_second": round(figures["per_s"]),
        "worker_us": round(figures["cpu_us"]),
        "server_us": round(figures["server_cpu_us"]),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--copies", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=8_000, help="bytes of a copy")
    options = parser.parse_args()
    print(json.dumps(run(options.copies, options.size), indent=1))


if __name__ == "__main__":
    with told_if_missing():
        main()
