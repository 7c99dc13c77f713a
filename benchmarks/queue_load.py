"""What workers cost PostgreSQL while they have nothing to do, and when all hear of one job.

Real processes of `pli worker`, and a server that logs each statement, which is then counted.

    .venv/bin/python -m benchmarks.queue_load --workers 8
    .venv/bin/python -m benchmarks.queue_load --workers 16 --jobs 20
    .venv/bin/python -m benchmarks.queue_load --workers 8 --tree ../another-checkout
    .venv/bin/python -m benchmarks.queue_load --workers 1 --as "serve --no-work"

`--jobs`: so many batches of one copy fall due, one a second; all workers hear of each job, which
one of them gets. `--tree`: the workers of another checkout. `--as`: another command in the place of
`pli worker`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, text, update

from benchmarks import costs, letters
from benchmarks.campaign import populate, prepared
from benchmarks.tools import told_if_missing
from mailer.campaign import lifecycle
from mailer.campaign.jobs import offer_again
from mailer.models import Batch
from pli import keys as key_ring
from pli.database import Database, check_keys
from pli.keys import Keys
from pli.queue_names import BATCHES
from tests.relay import Relay
from tests.servers import PostgreSQL, free_port

ROOT = Path(__file__).resolve().parents[1]
PLI = [sys.executable, "-c", "from cli import main; main()"]
SETTINGS = {"max_connections": "500", "log_statement": "all", "shared_buffers": "256MB"}
STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)")
BRACKETS = ("BEGIN", "COMMIT", "ROLLBACK")
SETTLE_SECONDS = 8.0


def _worker(tree: Path, folder: Path, number: int, words: list[str]) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [*PLI, *words],
            cwd=folder,
            env=_environment(tree, folder) | {"PLI_JOURNAL_FOLDER": str(folder / f"j{number}")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _environment(tree: Path, folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(tree)}


def _settings(folder: Path, url: str, relay: str) -> None:
    settings = {
        "database_url": url,
        "relay_url": relay,
        "public_url": "https://lettres.example.org",
        "committee": "Comité régional",
        "address": "1 place du Marché, 44000 Ville",
        "phone": "02 00 00 00 00",
        "email": "contact@example.org",
        "sender": "Comité régional <lettre@example.org>",
        "listen": f"127.0.0.1:{free_port()}",
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (folder / "pli.toml").write_text("\n".join(lines) + "\n")


async def _made(url: str, keys: Keys, jobs: int) -> None:
    """Start a campaign with so many batches of one copy, none of which is due yet."""
    database = Database(url)
    async with database.begin() as session:
        await check_keys(session, keys)
    if jobs:
        list_id = await populate(database, keys, jobs)
        letter = letters.of_size(8_000, keys)
        campaign_id = await prepared(database, keys, letter, list_id=list_id, batch_size=1)
        async with database.begin() as session:
            await session.execute(
                update(Batch).values(due_at=datetime.now(UTC) + timedelta(days=1))
            )
            await lifecycle.start(session, campaign_id=campaign_id, now=datetime.now(UTC))
    await database.close()


async def _pass(url: str, jobs: int, seconds: float) -> None:
    """Let the time pass; each second one batch falls due, and its job is offered anew."""
    database = Database(url)
    async with database.reading() as session:
        ids = (await session.scalars(select(Batch.id).order_by(Batch.id))).all()
    for id_ in ids if jobs else ():
        async with database.begin() as session:
            await session.execute(
                update(Batch)
                .where(Batch.id == id_)
                .values(due_at=datetime.now(UTC) - timedelta(days=1))
            )
            await session.execute(
                text(f"DELETE FROM {BATCHES.table} WHERE dedupe_key = 'batch:{id_}'")
            )
            await session.run_sync(offer_again, [id_])
        await asyncio.sleep(1.0)
    if not jobs:
        await asyncio.sleep(seconds)
    await database.close()


def _counted(log: str) -> Counter[str]:
    """How often each statement stands in the server's log, by its first words."""
    found = Counter(" ".join(it.split()[:6]) for it in STATEMENT.findall(log))
    return Counter({it: n for it, n in found.items() if not it.startswith(BRACKETS)})


def run(workers: int, jobs: int, seconds: float, tree: Path, words: list[str]) -> dict[str, Any]:
    """Let workers be idle, or hear of jobs; statements a second, and processor time."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pli-queue-")))
        relay = Relay()
        stack.enter_context(relay.running())
        server = stack.enter_context(PostgreSQL.started(SETTINGS))
        asyncio.run(server.execute("CREATE DATABASE queue"))
        url = server.url("queue")
        _settings(folder, url, relay.url)
        keys = key_ring.generate()
        key_ring.write(keys, folder / "pli.keys")
        subprocess.run(
            [*PLI, "db", "upgrade"],
            cwd=folder,
            env=_environment(tree, folder),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        asyncio.run(_made(url, keys, jobs))
        processes = [_worker(tree, folder, n, words) for n in range(workers)]
        try:
            _until_there(
                server, processes, workers if "--no-work" not in words or tree == ROOT else 0
            )
            time.sleep(SETTLE_SECONDS)
            place = (server.folder / "log").stat().st_size
            began, spent = time.monotonic(), _spent(processes)
            by_server = costs.cpu_seconds_of(server.pid)
            asyncio.run(_pass(url, jobs, seconds))
            lasted = time.monotonic() - began
            spent, by_server = (
                _spent(processes) - spent,
                costs.cpu_seconds_of(server.pid) - by_server,
            )
            with (server.folder / "log").open(errors="replace") as log:
                log.seek(place)
                found = _counted(log.read())
        finally:
            for it in processes:
                it.terminate()
            for it in processes:
                it.wait()
        return {
            "workers": workers,
            "jobs": jobs,
            "copies": len(relay.received),
            "seconds": round(lasted, 1),
            "statements_a_second": round(found.total() / lasted, 1),
            "workers_cpu_percent": round(spent / lasted * 100, 1),
            "server_cpu_percent": round(by_server / lasted * 100, 1),
            "most": found.most_common(12),
        }


def _spent(processes: list[subprocess.Popen[bytes]]) -> float:
    return sum(costs.cpu_seconds_of(it.pid) for it in processes)


def _until_there(
    server: PostgreSQL, processes: list[subprocess.Popen[bytes]], workers: int
) -> None:
    async def there() -> int:
        connection = await server.connect("queue")
        try:
            return int(await connection.fetchval("SELECT count(*) FROM worker"))
        finally:
            await connection.close()

    while asyncio.run(there()) < workers:
        if any(it.poll() is not None for it in processes):
            raise SystemExit("a worker has ended")
        time.sleep(0.5)


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--tree", type=Path, default=ROOT)
    parser.add_argument("--as", dest="words", default="worker")
    options = parser.parse_args()
    found = run(options.workers, options.jobs, options.seconds, options.tree, options.words.split())
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    with told_if_missing():
        main()
