"""Hooks of benchmarks/chaos.py inside a worker: a clock that is set back, jobs that come twice.

They are installed before the command line begins. SQLite's clock is the worker's, so it is hooked
here; chaos.py sets PostgreSQL's clock back in the server.
"""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import threading
from pathlib import Path
from typing import Any

from mailer.engine.engine import Engine

CLOCK = Path("chaos.clock")
"""A file in the worker's folder: by how many seconds the clock is set back."""
JOBS = Path("chaos.jobs")
"""A file in that folder: batches that become jobs at SIGUSR1, even if in work already."""

_unhooked = threading.local()


def install() -> None:
    """Install the hooks for all connections and engines that this process makes from now on."""
    # Functions of other modules are replaced on purpose: mypy sees other signatures there.
    sqlite3.connect = sqlite3.dbapi2.connect = _connect  # type: ignore[assignment]
    Engine.run = _run  # type: ignore[method-assign, assignment]


_connect_to = sqlite3.connect
_run_engine = Engine.run


def _connect(*values: Any, **named: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = _connect_to(*values, **named)
    connection.create_function("strftime", -1, _strftime)
    return connection


def _strftime(form: str, *values: Any) -> Any:
    """SQLite's own strftime, by a clock that is set back."""
    if not hasattr(_unhooked, "connection"):
        _unhooked.connection = _connect_to(":memory:")
    if values[:1] == ("now",):
        back = CLOCK.read_text() if CLOCK.exists() else "0"
        values = (values[0], f"-{back} seconds", *values[1:])
    places = ", ".join("?" * (1 + len(values)))
    return _unhooked.connection.execute(f"SELECT strftime({places})", (form, *values)).fetchone()[0]


async def _run(engine: Engine) -> None:
    jobs: set[asyncio.Task[Any]] = set()

    def start_jobs() -> None:
        for batch_id in map(int, JOBS.read_text().split()):
            for _ in range(2):
                job = asyncio.get_running_loop().create_task(engine.batches.work(batch_id))
                jobs.add(job)
                job.add_done_callback(jobs.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, start_jobs)
    try:
        await _run_engine(engine)
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)
        if jobs:
            await asyncio.wait(jobs)
