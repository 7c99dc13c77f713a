"""What benchmarks/chaos.py does inside a worker: a clock that is set back, jobs that come twice.

Installed before the command line begins. Only SQLite's clock is hooked here: it lives in the
worker; PostgreSQL's is set back in the server.
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
"""By how many seconds the clock was set back, in the worker's folder."""
JOBS = Path("chaos.jobs")
"""Batches to be given as a job, at SIGUSR1, whoever works on them."""

_pristine = threading.local()


def install() -> None:
    """In this process, for all connections and engines to come."""
    # Names of others are replaced, on purpose: mypy sees other signatures there.
    sqlite3.connect = sqlite3.dbapi2.connect = _connect  # type: ignore[assignment]
    Engine.run = _run  # type: ignore[method-assign, assignment]


_connect_to = sqlite3.connect
_run_engine = Engine.run


def _connect(*words: Any, **named: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = _connect_to(*words, **named)
    connection.create_function("strftime", -1, _strftime)
    return connection


def _strftime(form: str, *words: Any) -> Any:
    """As SQLite's own, by a clock that was set back."""
    if not hasattr(_pristine, "connection"):
        _pristine.connection = _connect_to(":memory:")
    if words[:1] == ("now",):
        back = CLOCK.read_text() if CLOCK.exists() else "0"
        words = (words[0], f"-{back} seconds", *words[1:])
    places = ", ".join("?" * (1 + len(words)))
    return _pristine.connection.execute(f"SELECT strftime({places})", (form, *words)).fetchone()[0]


async def _run(engine: Engine) -> None:
    jobs: set[asyncio.Task[None]] = set()

    def come_twice() -> None:
        for batch_id in map(int, JOBS.read_text().split()):
            for _ in range(2):
                job = asyncio.get_running_loop().create_task(engine.work(batch_id))
                jobs.add(job)
                job.add_done_callback(jobs.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, come_twice)
    try:
        await _run_engine(engine)
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)
        if jobs:
            await asyncio.wait(jobs)
