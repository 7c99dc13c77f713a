"""One step of a sending, as a process of its own: prepare, send or report.

    python -m benchmarks.sending send '{"folder": …}'

Prints its figures as a line of JSON. `send` first prints "ready", and waits for a line of input.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import threading
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop
from sqlalchemy import text

from benchmarks import costs, letters, signing
from benchmarks.campaign import populate, prepared
from mailer.campaign import lifecycle
from mailer.engine.engine import Engine
from mailer.engine.journal import Journal
from mailer.models import CampaignState
from mailer.report import summary
from mailer.smtp.relay import Relay
from mailer.smtp.smtp_courier import SMTPCourier
from pli import keys as key_ring
from pli import schema
from pli.database import Database
from pli.interpreter import tune_for_sending
from pli.keys import Keys

if TYPE_CHECKING:
    from benchmarks.recording import Recorder

LOOK_SECONDS = 0.02
PROGRESS_SECONDS = 1.0
LIVE_QUERIES = 20
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be sent, by whom, to where.

    `notify`: which delivery notices the relay is asked for. `starts`: this process starts the
    campaign, and others join. Time and memory are noted after each `every` copies; 0: never.
    `mails`: a file of mails that have come in, and that this process works on beside.
    `watchers` follow the sending in the office, whose pages this process serves beside its engine,
    as `pli serve` does; None: it serves no pages.
    """

    folder: str
    database_url: str
    people: int
    size: int
    connections: int
    relay_url: str = ""
    signed: bool = False
    notify: str = ""
    starts: bool = True
    every: int = 0
    campaign: int = 0
    mails: str = ""
    watchers: int | None = None

    def as_json(self) -> str:
        """The order as a text for another process."""
        return json.dumps(asdict(self))

    @property
    def keys_file(self) -> Path:
        """Where the installation's keys are."""
        return Path(self.folder) / "pli.keys"


async def prepare(order: Order) -> Figures:
    """Make a new database, its people, and the campaign; only the campaign is measured."""
    keys = key_ring.generate()
    key_ring.write(keys, order.keys_file)
    database = Database(order.database_url)
    try:
        await schema.upgrade(database)
        list_id = await populate(database, keys, order.people)
        if not database.is_sqlite:
            # PostgreSQL does this by itself within a minute after an import.
            async with database.begin() as session:
                await session.execute(text("ANALYZE"))
        letter = letters.of_size(order.size, keys)
        costs.forget_peak()
        spent, began = costs.cpu_seconds(), time.monotonic()
        campaign = await prepared(database, keys, letter, list_id=list_id)
        return {
            "campaign": campaign,
            "bytes": letter.bytes,
            "prepare_seconds": time.monotonic() - began,
            "prepare_cpu_seconds": costs.cpu_seconds() - spent,
            "prepare_peak_mb": costs.peak_mb(),
        }
    finally:
        await database.close()


async def send(order: Order) -> Figures:
    """Send, from the campaign's start to its end: claim, compose, transmit, settle, sum up."""
    keys = key_ring.read(order.keys_file)
    database = Database(order.database_url)
    try:
        if order.watchers is None:
            return await _send(order, database, keys)
        # Imported here, as below: it loads the whole office, 22 MB that no sending needs.
        from benchmarks import watchers

        async with watchers.watched(database, keys, order.campaign, order.watchers) as seen:
            figures = await _send(order, database, keys)
        return figures | {"pictures": seen.pictures}
    finally:
        await database.close()


async def _send(order: Order, database: Database, keys: Keys) -> Figures:
    signer = signing.install() if order.signed else None
    engine = _engine(order, database, keys, signer)
    beside: AbstractAsyncContextManager[Recorder | None] = nullcontext()
    if order.mails:
        from benchmarks.recording import Recorder

        taker = Recorder(database, order.mails)
        await taker.take()
        beside = taker
    async with database.reading() as session:
        await summary.progress(session, order.campaign)
    tune_for_sending()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    costs.forget_peak()
    spent, began = costs.cpu_seconds(), time.monotonic()
    if order.starts:
        async with database.begin() as session:
            await lifecycle.start(session, campaign_id=order.campaign, now=datetime.now(UTC))
    async with engine, beside as recorder:
        seen = await watch(engine, database, order, began)
        seconds, cpu = time.monotonic() - began, costs.cpu_seconds() - spent
    async with database.reading() as session:
        progress = await summary.progress(session, order.campaign)
    if progress.state is not CampaignState.FINISHED or progress.sent != order.people:
        raise SystemExit(f"not all was sent: {progress}")
    if signer is not None:
        signer.check()
    return {
        "seconds": seconds,
        "settled_seconds": seen.settled_after,
        "cpu_seconds": cpu,
        "peak_mb": costs.peak_mb(),
        "settled": engine.figures().settled,
        "marks": seen.marks,
        "recorded_per_s": recorder.per_second() if recorder else 0.0,
    }


@dataclass(slots=True)
class Seen:
    """Seconds until all was settled, and marks of copies, seconds since the beginning, and MB."""

    settled_after: float = 0.0
    marks: list[tuple[int, float, float]] = field(default_factory=list)


async def watch(engine: Engine, database: Database, order: Order, began: float) -> Seen:
    """Watch until the campaign runs no more, or the engine has died; its exit raises its error."""
    seen = Seen()
    asked = began
    while not engine.over.is_set():
        await asyncio.sleep(LOOK_SECONDS)
        now, settled = time.monotonic(), engine.figures().settled
        if order.every and settled >= order.every * (len(seen.marks) + 1):
            seen.marks.append((settled, now - began, costs.memory_mb()))
        done = settled >= order.people
        seen.settled_after = seen.settled_after or (now - began if done else 0.0)
        # Asks for progress, as `pli send` does; if all is settled, whether the campaign is over.
        if done or now >= asked + PROGRESS_SECONDS:
            asked = now
            async with database.reading() as session:
                progress = await summary.progress(session, order.campaign)
            if progress.state is not CampaignState.RUNNING and progress.settled:
                break
    return seen


def _end_with_parent() -> None:
    """End this process when the command that started it is gone."""
    if not os.read(0, 1):
        os._exit(1)


def _engine(order: Order, database: Database, keys: Keys, signer: signing.Signer | None) -> Engine:
    kind = SMTPCourier if signer is None else signing.SigningCourier
    courier = kind(
        replace(Relay.parse(order.relay_url), notify=order.notify),
        connections=order.connections,
        messages_per_connection=order.people,
    )
    return Engine(
        database,
        keys,
        courier,
        journal=Journal(Path(order.folder) / "journal", "bench"),
        connections=order.connections,
    )


async def report(order: Order) -> Figures:
    """How long the whole report takes, and one query of the progress."""
    database = Database(order.database_url)
    try:
        async with database.reading() as session:
            began = time.monotonic()
            whole = await summary.report(session, order.campaign)
            seconds = time.monotonic() - began
        looks = []
        for _ in range(LIVE_QUERIES):
            began = time.monotonic()
            async with database.reading() as session:
                await summary.progress(session, order.campaign)
            looks.append(time.monotonic() - began)
    finally:
        await database.close()
    if not whole.balanced:
        raise SystemExit(f"the sum is not right: {whole.faults}")
    return {"report_seconds": seconds, "progress_ms": statistics.median(looks) * 1e3}


STEPS = {"prepare": prepare, "send": send, "report": report}


def main() -> None:
    """Run one step of one order."""
    _, step, order = sys.argv
    print(json.dumps(uvloop.run(STEPS[step](Order(**json.loads(order))))), flush=True)


if __name__ == "__main__":
    main()
