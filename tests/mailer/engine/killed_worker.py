"""A worker that kills itself at a chosen step, as a power switch would."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from mailer.campaign import lifecycle
from mailer.engine import constants
from mailer.engine.engine import Engine
from mailer.engine.journal import Journal, Notes
from mailer.ledger import claiming, leasing, settle_and_claim, settling
from mailer.smtp.relay import Relay
from mailer.smtp.smtp_courier import SMTPCourier
from pli import chore_rows, pgqueuer_parts
from pli import database as databases
from pli.database import Database
from pli.keys import Keys
from pli.pgqueuer_parts import OfferingQueries

CONNECTIONS = 3

STEPS: dict[str, tuple[Any, str, int, bool]] = {
    "before its journal is begun": (Journal, "begin", 1, True),
    "after its journal was begun": (Journal, "begin", 1, False),
    "before a batch is taken": (leasing, "take", 1, True),
    "before the taking is committed": (leasing, "take", 1, False),
    "before a window is claimed": (settle_and_claim, "settle_and_claim", 1, True),
    "before the claim is committed": (settle_and_claim, "settle_and_claim", 1, False),
    "after rows were claimed": (SMTPCourier, "post", 1, True),
    "before a copy is noted": (Notes, "leaves", 5, True),
    "between the note and the wire": (Notes, "leaves", 5, False),
    "after the reply, before it is noted": (Notes, "told", 5, True),
    "after the reply was noted": (Notes, "told", 5, False),
    "before a window is settled": (settle_and_claim, "settle_and_claim", 4, True),
    "before the settling and the next claim are committed": (
        settle_and_claim,
        "settle_and_claim",
        4,
        False,
    ),
    "after a settling, in the second window": (settle_and_claim, "settle_and_claim", 5, True),
    "before a batch is given back": (leasing, "release", 1, True),
    "before that is committed": (leasing, "release", 1, False),
    "before the campaign is finished": (lifecycle, "finish", 1, True),
    "before the finish is committed": (lifecycle, "finish", 1, False),
}
"""Where the worker dies: at the n-th call of which function, and whether before or after it."""

UNCOMMON_STEPS: dict[str, tuple[Any, str, int, bool]] = {
    "before a claim that somebody left": (claiming, "claim", 1, True),
    "before that claim is committed": (claiming, "claim", 1, False),
    "before a refusal is settled": (settling, "settle", 1, True),
    "before that settling is committed": (settling, "settle", 1, False),
}
"""More such steps, for a campaign in which a person has left and the relay refuses a copy."""

QUEUE_STEPS: dict[str, tuple[Any, str, int, bool]] = {
    "after a job was picked": (OfferingQueries, "dequeue", 2, False),
    "before the end of a job is written": (OfferingQueries, "log_jobs", 1, True),
    "after the end of a job was written": (OfferingQueries, "log_jobs", 1, False),
    "before a job is put off": (OfferingQueries, "retry_job", 1, True),
    "after a chore was claimed": (chore_rows, "claim", 2, False),
    "before the end of a chore is written": (chore_rows, "end", 2, True),
}
"""More such steps on PostgreSQL, where batches and chores come from queues."""


def run(url: str, keys: Keys, relay: str, folder: Path, step: str) -> None:
    """Work until the worker kills itself at `step`; "" works to the end."""
    if step:
        owner, name, nth, before = (STEPS | UNCOMMON_STEPS | QUEUE_STEPS)[step]
        setattr(owner, name, _deadly(getattr(owner, name), nth, before=before))
    asyncio.run(_work(url, keys, relay, folder))


def run_with_short_lease(url: str, keys: Keys, relay: str, folder: Path) -> None:
    """Work with leases of four seconds, which a stop soon outlasts, and no stall of a machine."""
    shorten_leases()
    asyncio.run(_work(url, keys, relay, folder))


def shorten_leases() -> Callable[[], None]:
    """Shorten leases and silent transactions to seconds; returns the function that undoes it."""
    before = leasing.LEASE, constants.RENEW_SECONDS, constants.WATCH_SECONDS
    queues = pgqueuer_parts.HEARTBEAT, pgqueuer_parts.POLL_SECONDS
    idle = databases.IDLE_SECONDS
    # A worker may be stopped within a transaction: others must not wait long for its locks.
    databases.IDLE_SECONDS = 3.0
    leasing.LEASE = pgqueuer_parts.HEARTBEAT = timedelta(seconds=4)
    constants.RENEW_SECONDS, constants.WATCH_SECONDS = 0.5, 0.1
    pgqueuer_parts.POLL_SECONDS = 0.3

    def back() -> None:
        leasing.LEASE = before[0]
        constants.RENEW_SECONDS, constants.WATCH_SECONDS = before[1:]
        pgqueuer_parts.HEARTBEAT, pgqueuer_parts.POLL_SECONDS = queues
        databases.IDLE_SECONDS = idle

    return back


def close_as_killed(notes: Notes) -> None:
    """Do what the kernel does for a killed process: release the lock, leave the file unchanged."""
    notes._map.close()
    os.close(notes._descriptor)


def _deadly(function: Any, nth: int, *, before: bool) -> Any:
    calls = 0

    def dies() -> bool:
        nonlocal calls
        calls += 1
        return calls >= nth

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    @wraps(function)
    def plain(*args: Any, **named: Any) -> Any:
        now = dies()
        if now and before:
            die()
        told = function(*args, **named)
        if now:
            die()
        return told

    @wraps(function)
    async def awaited(*args: Any, **named: Any) -> Any:
        now = dies()
        if now and before:
            die()
        told = await function(*args, **named)
        if now:
            die()
        return told

    return awaited if inspect.iscoroutinefunction(function) else plain


def _log_with_reasons() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(message)s %(reason)s", defaults={"reason": ""})
    )
    logging.getLogger("pli").addHandler(handler)


async def _work(url: str, keys: Keys, relay: str, folder: Path) -> None:
    _log_with_reasons()
    database = Database(url)
    courier = SMTPCourier(Relay.parse(relay), connections=CONNECTIONS, rests=(0.01,))
    journal = Journal(folder, "tests")
    engine = Engine(database, keys, courier, journal=journal, connections=CONNECTIONS)
    await asyncio.wait_for(engine.run(), 120)
