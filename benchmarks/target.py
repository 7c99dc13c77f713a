"""An installation under attack: its workers, its database, and a relay that can go away and counts.

`benchmarks/chaos.py` and `benchmarks/pacing.py` attack it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from benchmarks import letters
from benchmarks.campaign import populate, prepared
from mailer.campaign import lifecycle
from mailer.ledger import balance
from mailer.models import Batch, Campaign, CampaignState, Delivery, Evidence, Status
from pli import keys as key_ring
from pli import schema
from pli.database import Database, check_keys
from subscribers.models import Subscriber
from tests.relay import DROP, Received, Relay
from tests.servers import PostgreSQL, free_port

ROOT = Path(__file__).resolve().parents[1]
PLI = [sys.executable, "-c", "from cli import main; main()"]
CONNECTIONS = 10
HOOKED = [sys.executable, "-c", "from benchmarks import hooks; hooks.install(); " + PLI[2]]

POSTGRESQL = {"max_connections": "200"}
"""The settings in which PostgreSQL differs from its defaults."""


class Counted(list[Received]):
    """Counts the mails that the server took, by recipient; keeps no bodies."""

    def __init__(self) -> None:
        super().__init__()
        self.copies: Counter[str] = Counter()

    def append(self, mail: Received) -> None:
        self.copies[mail.recipient] += 1


class UnreliableRelay(Relay):
    """A relay whose connections can be cut, and that then is away for `away` seconds."""

    def __init__(self, delay: float, away: float) -> None:
        super().__init__(script=self._away, delay=delay)
        self.away = away
        self.received = self.counted = Counted()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._back_at = 0.0

    def cut(self) -> None:
        """Break off all connections at once, and answer nobody for `away` seconds."""
        self._back_at = time.monotonic() + self.away
        if self._loop is not None:
            for writer in list(self._writers):
                self._loop.call_soon_threadsafe(writer.transport.abort)

    def _away(self, stage: str, _recipient: str, _times: int) -> str | None:
        return DROP if stage == "connect" and time.monotonic() < self._back_at else None

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._loop = asyncio.get_running_loop()
        self._writers.add(writer)
        try:
            await super()._converse(reader, writer)
        finally:
            self._writers.discard(writer)


@dataclass
class Target:
    """The installation under attack."""

    folder: Path
    database_url: str
    relay: UnreliableRelay
    server: PostgreSQL | None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    machines: list[int] = field(default_factory=list)
    """The machine of each worker; a machine has a journal of its own."""
    hooked: bool = False
    """Whether workers have hooks.py, to be given jobs and to have SQLite's clock set back."""
    hours: int = 0
    """By how many hours the clock was set back."""

    def command(self) -> list[str]:
        """The command of a worker: the one server on SQLite, one of many workers on PostgreSQL."""
        return [*(HOOKED if self.hooked else PLI), "worker" if self.server else "serve"]

    def journal(self, place: int) -> Path:
        """The journal of the machine on which the worker `place` runs."""
        return self.folder / f"journal-{self.machines[place]}"

    def start(self, place: int) -> subprocess.Popen[bytes]:
        """Start the worker `place`."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.folder),
                    "PYTHONPATH": str(ROOT),
                    "PLI_JOURNAL_FOLDER": str(self.journal(place)),
                    "PLI_LISTEN": f"127.0.0.1:{free_port()}",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def supervise(self) -> None:
        """Start each worker again that has ended, as systemd does."""
        for place, worker in enumerate(self.workers):
            if worker.poll() is not None:
                self.workers[place] = self.start(place)


@contextmanager
def set_up(kind: str, delay: float, away: float) -> Iterator[Target]:
    """A folder, a relay and a database; ends them, and the workers, at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pli-chaos-")))
        relay = UnreliableRelay(delay, away)
        stack.enter_context(relay.running())
        server = None
        url = f"sqlite+aiosqlite:///{folder}/pli.db"
        if kind == "postgresql":
            server = stack.enter_context(PostgreSQL.started(POSTGRESQL))
            asyncio.run(server.execute("CREATE DATABASE chaos"))
            asyncio.run(server.execute("ALTER DATABASE chaos SET search_path = public, pg_catalog"))
            url = server.url("chaos")
        settings = {
            "database_url": url,
            "relay_url": relay.url,
            "public_url": "https://lettres.example.org",
            "committee": "Comité régional",
            "address": "1 place du Marché, 44000 Ville",
            "phone": "02 00 00 00 00",
            "email": "contact@example.org",
            "sender": "Comité régional <lettre@example.org>",
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        lines += [f"relay_connections = {CONNECTIONS}", "retry_delays = [1.0, 1.0, 1.0, 1.0, 1.0]"]
        (folder / "pli.toml").write_text("\n".join(lines) + "\n")
        target = Target(folder, url, relay, server)
        try:
            yield target
        finally:
            for worker in target.workers:
                if worker.poll() is None:
                    worker.kill()
                worker.wait()


async def start_campaign(target: Target, recipients: int, size: int) -> int:
    """Start a campaign to so many recipients; its id."""
    keys = key_ring.generate()
    key_ring.write(keys, target.folder / "pli.keys")
    database = Database(target.database_url)
    await schema.upgrade(database)
    async with database.begin() as session:
        await check_keys(session, keys)
    list_id = await populate(database, keys, recipients)
    campaign_id = await prepared(
        database,
        keys,
        letters.of_size(size, keys),
        list_id=list_id,
        batch_size=500,
        retry_delays=[1.0] * 20,
    )
    async with database.begin() as session:
        await lifecycle.start(session, campaign_id=campaign_id, now=datetime.now(UTC))
    await database.close()
    return campaign_id


async def state_of(target: Target, campaign_id: int) -> tuple[CampaignState, int]:
    """The campaign's state, and how many of its copies are not settled yet."""
    database = Database(target.database_url)
    try:
        async with database.reading() as session:
            state = await session.scalar(select(Campaign.state).where(Campaign.id == campaign_id))
            left = await session.scalar(
                select(func.sum(Batch.pending + Batch.sending)).where(
                    Batch.campaign_id == campaign_id
                )
            )
    finally:
        await database.close()
    assert state is not None
    return state, int(left or 0)


async def resume(target: Target, campaign_id: int) -> None:
    """Resume a campaign that has paused because the relay was away, as a person would."""
    database = Database(target.database_url)
    async with database.begin() as session:
        await lifecycle.resume(session, campaign_id=campaign_id)
    await database.close()


async def compared(target: Target, campaign_id: int) -> dict[str, Any]:
    """Compare the ledger with the server's own count."""
    database = Database(target.database_url)
    async with database.reading() as session:
        faults = await balance.faults(session, campaign_id=campaign_id)
        rows = (
            await session.execute(
                select(Subscriber.email, Delivery.status).join(
                    Delivery, Delivery.subscriber_id == Subscriber.id
                )
            )
        ).all()
        settled = await session.scalar(select(func.count()).select_from(Evidence))
    await database.close()
    got = target.relay.counted.copies
    by = {status: {row.email for row in rows if row.status is status} for status in Status}
    sent, uncertain = by[Status.SENT], by[Status.UNCERTAIN]
    ended = sent | uncertain | by[Status.FAILED] | by[Status.SKIPPED]
    return {
        "candidates": len(rows),
        "sent": len(sent),
        "uncertain": len(uncertain),
        "failed": len(by[Status.FAILED]),
        "received": sum(got.values()),
        "lost": len(sent - set(got)) + len(rows) - len(ended),
        "doubled": sum(n - 1 for n in got.values() if n > 1),
        "unaccounted": len(set(got) - sent - uncertain),
        "settled_later": int(settled or 0),
        "balanced": not faults,
    }


def last_words(target: Target) -> str:
    """The end of the workers' log."""
    return "\n" + (target.folder / "log").read_text(errors="replace")[-4_000:]
