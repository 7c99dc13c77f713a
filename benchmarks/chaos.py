"""Kill what can be killed while a campaign runs, then count: lost, doubled, uncertain.

Workers are killed with SIGKILL, stopped past their lease, lost with their machine's journal, the
relay's connections cut, PostgreSQL stopped as by a crash, the disk is full, the database's clock is
set back an hour, every worker gets the same jobs twice, at moments drawn from a seed. The counting
is done by the SMTP server.

    .venv/bin/python benchmarks/chaos.py --database postgresql --workers 2 --kills 20 --seed 7
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import hooks, letters  # noqa: E402 (the checkout on the path first)
from benchmarks.campaign import populate, prepared  # noqa: E402
from benchmarks.tools import told_if_missing  # noqa: E402
from mailer.campaign import lifecycle  # noqa: E402
from mailer.ledger import balance  # noqa: E402
from mailer.ledger.leasing import LEASE  # noqa: E402
from mailer.models import Batch, Campaign, CampaignState, Delivery, Evidence, Status  # noqa: E402
from pli import keys as key_ring  # noqa: E402
from pli import schema  # noqa: E402
from pli.database import Database, check_keys  # noqa: E402
from subscribers.models import Subscriber  # noqa: E402
from tests.relay import DROP, Received, Relay  # noqa: E402
from tests.servers import PostgreSQL, free_port  # noqa: E402

PLI = [sys.executable, "-c", "from cli import main; main()"]
CONNECTIONS = 10
LATE_SECONDS = 5.0
PATIENCE_SECONDS = 120.0
JOBS = 12
FAULTS = (
    "kill", "kill-all", "machine", "stop", "relay", "database", "disk", "clock", "duplicate",
)  # fmt: skip
HOOKED = [sys.executable, "-c", "from benchmarks import hooks; hooks.install(); " + PLI[2]]

AS_IT_COMES = {"max_connections": "200"}
"""What of PostgreSQL's settings is changed."""


class Counted(list[Received]):
    """What the server took, by recipient; bodies are not kept."""

    def __init__(self) -> None:
        super().__init__()
        self.copies: Counter[str] = Counter()

    def append(self, mail: Received) -> None:
        self.copies[mail.recipient] += 1


class Wire(Relay):
    """A relay whose connections can be cut, and that can be away for a while."""

    def __init__(self, delay: float, away: float) -> None:
        super().__init__(script=self._away, delay=delay)
        self.away = away
        self.received = self.counted = Counted()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._back_at = 0.0

    def cut(self) -> None:
        """Break off everything at once, and answer nobody for a while."""
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
class Town:
    """The installation under attack."""

    folder: Path
    database_url: str
    wire: Wire
    server: PostgreSQL | None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    machines: list[int] = field(default_factory=list)
    """Where each worker runs: a machine has a journal of its own."""
    hooked: bool = False
    """Whether workers can be given jobs, and SQLite's clock be set back."""
    hours: int = 0
    """By how much the clock was set back."""

    def command(self) -> list[str]:
        """What a worker is: on SQLite the one server, on PostgreSQL one of many workers."""
        return [*(HOOKED if self.hooked else PLI), "worker" if self.server else "serve"]

    def journal(self, place: int) -> Path:
        """The journal of the machine that the worker in this place runs on."""
        return self.folder / f"journal-{self.machines[place]}"

    def start(self, place: int) -> subprocess.Popen[bytes]:
        """The worker in this place."""
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
        """Start again whoever has ended, as systemd does."""
        for place, worker in enumerate(self.workers):
            if worker.poll() is not None:
                self.workers[place] = self.start(place)


@contextmanager
def town(kind: str, delay: float, away: float) -> Iterator[Town]:
    """A folder, a relay, a database and its workers; all of it ended at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pli-chaos-")))
        wire = Wire(delay, away)
        stack.enter_context(wire.running())
        server = None
        url = f"sqlite+aiosqlite:///{folder}/pli.db"
        if kind == "postgresql":
            server = stack.enter_context(PostgreSQL.started(AS_IT_COMES))
            asyncio.run(server.execute("CREATE DATABASE chaos"))
            asyncio.run(server.execute("ALTER DATABASE chaos SET search_path = public, pg_catalog"))
            url = server.url("chaos")
        settings = {
            "database_url": url,
            "relay_url": wire.url,
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
        here = Town(folder, url, wire, server)
        try:
            yield here
        finally:
            for worker in here.workers:
                if worker.poll() is None:
                    worker.kill()
                worker.wait()


async def released(here: Town, recipients: int, size: int) -> int:
    """A campaign to so many, running; its id."""
    keys = key_ring.generate()
    key_ring.write(keys, here.folder / "pli.keys")
    database = Database(here.database_url)
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


async def state_of(here: Town, campaign_id: int) -> tuple[CampaignState, int]:
    """The campaign's state, and how many of its copies are not settled yet."""
    database = Database(here.database_url)
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


async def resume(here: Town, campaign_id: int) -> None:
    """What a person does when a campaign has paused itself for a relay that was away."""
    database = Database(here.database_url)
    async with database.begin() as session:
        await lifecycle.resume(session, campaign_id=campaign_id)
    await database.close()


async def set_clock(here: Town) -> None:
    """The database's clock, by which leases and due times are judged, `hours` back.

    PostgreSQL: a function of the same name is found before the server's own. SQLite: its clock is
    the worker's (hooks.py). Nobody else's clock on this machine is touched.
    """
    if here.server is None:
        (here.folder / hooks.CLOCK).write_text(str(here.hours * 3_600))
        return
    database = Database(here.database_url)
    async with database.begin() as session:
        await session.execute(
            text(
                "CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz"
                " LANGUAGE sql VOLATILE AS "
                f"'SELECT pg_catalog.clock_timestamp() - make_interval(hours => {here.hours})'"
            )
        )
    await database.close()


async def give_jobs(here: Town) -> None:
    """Every worker gets the same batches as jobs at one moment, each twice, also those in work."""
    database = Database(here.database_url)
    async with database.reading() as session:
        found = await session.scalars(
            select(Batch.id)
            .where(Batch.pending + Batch.sending > 0)
            .order_by(Batch.lease.is_(None), Batch.id)
            .limit(JOBS)
        )
        (here.folder / hooks.JOBS).write_text(" ".join(map(str, found)))
    await database.close()
    for worker in here.workers:
        worker.send_signal(signal.SIGUSR1)


def may_write(here: Town, size: int) -> None:
    """How large a file of a worker may be: 0 is a disk that takes nothing any more."""
    for worker in here.workers:
        with suppress(ProcessLookupError):
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def reckoning(here: Town, campaign_id: int) -> dict[str, Any]:
    """The ledger against the server's own count."""
    database = Database(here.database_url)
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
    got = here.wire.counted.copies
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


def dealt(faults: Sequence[str], dice: random.Random) -> Iterator[str]:
    """The faults as from a shuffled pack, and again: each comes as often as any other."""
    while True:
        yield from dice.sample(faults, len(faults))


def strike(here: Town, fault: str, dice: random.Random) -> None:
    """One fault; what is ended is started again at once."""
    if fault == "kill":
        victim = dice.choice(here.workers)
        victim.kill()
        victim.wait()
    elif fault == "kill-all":
        for worker in here.workers:
            worker.kill()
        for worker in here.workers:
            worker.wait()
    elif fault == "machine":
        place = dice.randrange(len(here.workers))
        here.workers[place].kill()
        here.workers[place].wait()
        # It never comes back, nor does what it had noted: another stands in its place.
        # It may not have lived to write a line.
        with suppress(FileNotFoundError):
            shutil.rmtree(here.journal(place))
        here.machines[place] = max(here.machines) + 1
    elif fault == "stop":
        victim = dice.choice(here.workers)
        victim.send_signal(signal.SIGSTOP)
        time.sleep(LEASE.total_seconds() + 5)
        victim.send_signal(signal.SIGCONT)
        # It has had its turn when what it knows is written down.
        time.sleep(LATE_SECONDS)
    elif fault == "relay":
        here.wire.cut()
    elif fault == "disk":
        may_write(here, 0)
        time.sleep(here.wire.away)
        may_write(here, resource.RLIM_INFINITY)
    elif fault == "clock":
        here.hours += 1
        asyncio.run(set_clock(here))
    elif fault == "duplicate":
        asyncio.run(give_jobs(here))
    elif here.server is not None:
        here.server.stop()
        time.sleep(here.wire.away)
        here.server.start()
    here.supervise()


def until_something_arrives(here: Town, before: int, campaign_id: int) -> float | None:
    """Seconds until the server takes a further copy; None if nothing is left to send."""
    began = looked = time.monotonic()
    while time.monotonic() < began + PATIENCE_SECONDS:
        here.supervise()
        if sum(here.wire.counted.copies.values()) > before:
            return time.monotonic() - began
        if time.monotonic() > looked + 2:
            looked = time.monotonic()
            state, left = asyncio.run(state_of(here, campaign_id))
            if state is CampaignState.FINISHED or not left:
                return None
            if state is CampaignState.PAUSED:
                asyncio.run(resume(here, campaign_id))
        time.sleep(0.02)
    raise SystemExit("nothing was sent for two minutes: the log is " + _log(here))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The whole attack; what was lost, doubled, in doubt, and how long work stood still."""
    dice = random.Random(options.seed)
    faults = dealt(options.faults, dice)
    began = time.monotonic()
    with town(options.database, options.delay, options.away) as here:
        campaign_id = asyncio.run(released(here, options.recipients, options.size))
        here.machines = list(range(options.workers))
        here.hooked = not {"clock", "duplicate"}.isdisjoint(options.faults)
        # Before anybody asks for the hour: a prepared statement keeps the clock it found.
        asyncio.run(set_clock(here))
        # Inherited by the workers: one that has not begun to listen must not die of it.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        here.workers = [here.start(place) for place in here.machines]
        pauses: list[float] = []
        struck: Counter[str] = Counter()
        if until_something_arrives(here, 0, campaign_id) is None:
            raise SystemExit("nothing was sent")
        while struck.total() < options.kills:
            time.sleep(dice.uniform(0, options.every))
            fault = next(faults)
            strike(here, fault, dice)
            before = sum(here.wire.counted.copies.values())
            stood = until_something_arrives(here, before, campaign_id)
            struck[fault] += 1
            if stood is None:
                break
            pauses.append(stood)
            print(f"\r{struck.total()} of {options.kills}", end="", file=sys.stderr, flush=True)
        while True:
            here.supervise()
            state, _left = asyncio.run(state_of(here, campaign_id))
            if state is CampaignState.FINISHED:
                break
            if state is CampaignState.PAUSED:
                asyncio.run(resume(here, campaign_id))
            if time.monotonic() > began + options.limit:
                raise SystemExit("not finished in time: the log is " + _log(here))
            time.sleep(0.2)
        result = {
            "database": options.database,
            "workers": options.workers,
            "seed": options.seed,
            "faults": dict(struck),
            **asyncio.run(reckoning(here, campaign_id)),
            "seconds_until_work_went_on": {
                "median": round(statistics.median(pauses), 1) if pauses else None,
                "longest": round(max(pauses), 1) if pauses else None,
            },
            "seconds": round(time.monotonic() - began),
        }
    print(file=sys.stderr)
    return result


def _log(here: Town) -> str:
    return "\n" + (here.folder / "log").read_text(errors="replace")[-4_000:]


def main() -> None:
    """Print the result as JSON; exit 1 if anything was lost, doubled or not accounted for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--recipients", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=["kill"])
    parser.add_argument("--every", type=float, default=1.0, help="at most so many seconds between")
    parser.add_argument("--size", type=int, default=8_000, help="bytes of a copy")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds the relay thinks")
    parser.add_argument(
        "--away",
        type=float,
        default=2.0,
        help="seconds that a relay, a database or room on the disk is away",
    )
    parser.add_argument("--limit", type=float, default=3_600, help="seconds in all")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    if options.database == "sqlite" and (options.workers > 1 or "database" in options.faults):
        parser.error("on SQLite there is one worker, and no server to stop")
    print(f"seed {options.seed}", file=sys.stderr)
    result = run(options)
    print(json.dumps(result, indent=2))
    bad = result["lost"] or result["doubled"] or result["unaccounted"] or not result["balanced"]
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    with told_if_missing():
        main()
