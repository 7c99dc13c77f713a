"""How many statements an engine on SQLite sends while it has nothing to do.

    PYTHONPATH=. .venv/bin/python benchmarks/idle_statements.py --seconds 20
    PYTHONPATH=../another-checkout .venv/bin/python benchmarks/idle_statements.py

benchmarks/queue_load.py counts those of real processes on PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import event

from mailer.engine.engine import Engine
from mailer.engine.journal import Journal
from mailer.smtp.relay import Relay
from mailer.smtp.smtp_courier import SMTPCourier
from pli import keys as key_ring
from pli import schema
from pli.database import Database, check_keys

SETTLE_SECONDS = 3.0
BRACKETS = ("BEGIN", "COMMIT", "ROLLBACK")


async def run(seconds: float, folder: Path) -> dict[str, Any]:
    """Let an engine be idle; statements a second, without those that begin and end transactions."""
    database = Database(f"sqlite+aiosqlite:///{folder}/pli.db")
    await schema.upgrade(database)
    keys = key_ring.generate()
    async with database.begin() as session:
        await check_keys(session, keys)
    found: Counter[str] = Counter()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(BRACKETS):
            found[" ".join(statement.split()[:6])] += 1

    courier = SMTPCourier(Relay.parse("smtp://127.0.0.1:9?tls=none"), connections=1)
    journal = Journal(folder / "journal", "idle")
    async with Engine(database, keys, courier, journal=journal, connections=1):
        await asyncio.sleep(SETTLE_SECONDS)
        for engine in (database.reader.sync_engine, database.writer.sync_engine, database._direct):
            event.listen(engine, "before_cursor_execute", note)
        spent = time.process_time()
        await asyncio.sleep(seconds)
        spent = time.process_time() - spent
    await database.close()
    return {
        "seconds": seconds,
        "statements_a_second": round(found.total() / seconds, 2),
        "cpu_percent": round(spent / seconds * 100, 2),
        "most": found.most_common(12),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pli-idle-") as folder:
        print(json.dumps(asyncio.run(run(options.seconds, Path(folder))), indent=1))


if __name__ == "__main__":
    main()
