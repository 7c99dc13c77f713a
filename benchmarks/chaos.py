"""Break things while a campaign runs, then count the copies: lost, doubled, uncertain.

At moments drawn from a seed, workers are killed with SIGKILL, stopped past their lease, or lost
with their machine's journal; the relay's connections are cut; PostgreSQL is stopped as by a crash;
the disk is full; the database's clock is set back an hour; every worker gets the same jobs twice.
The SMTP server counts.

    .venv/bin/python -m benchmarks.chaos --database postgresql --workers 2 --kills 20 --seed 7
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import shutil
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from benchmarks import hooks
from benchmarks.target import (
    Target,
    compared,
    last_words,
    resume,
    set_up,
    start_campaign,
    state_of,
)
from benchmarks.tools import told_if_missing
from mailer.ledger.leasing import LEASE
from mailer.models import Batch, CampaignState
from pli.database import Database

WRITING_SECONDS = 5.0
WORKING_SECONDS = 1.0
STALLED_SECONDS = 120.0
JOBS = 12
FAULTS = (
    "kill", "kill-all", "machine", "stop", "relay", "database", "disk", "clock", "duplicate",
)  # fmt: skip


async def set_clock(target: Target) -> None:
    """Set back the database's clock by `hours`; that clock decides about leases and due times.

    PostgreSQL finds our function of the same name before its own. SQLite's clock is the worker's
    (hooks.py). No other clock on this machine changes.
    """
    if target.server is None:
        (target.folder / hooks.CLOCK).write_text(str(target.hours * 3_600))
        return
    database = Database(target.database_url)
    async with database.begin() as session:
        await session.execute(
            text(
                "CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz"
                " LANGUAGE sql VOLATILE AS "
                f"'SELECT pg_catalog.clock_timestamp() - make_interval(hours => {target.hours})'"
            )
        )
    await database.close()


async def give_jobs(target: Target) -> None:
    """Give every worker the same batches as jobs at one moment, each twice, also those in work."""
    database = Database(target.database_url)
    async with database.reading() as session:
        found = await session.scalars(
            select(Batch.id)
            .where(Batch.pending + Batch.sending > 0)
            .order_by(Batch.lease.is_(None), Batch.id)
            .limit(JOBS)
        )
        (target.folder / hooks.JOBS).write_text(" ".join(map(str, found)))
    await database.close()
    for worker in target.workers:
        worker.send_signal(signal.SIGUSR1)


def may_write(target: Target, size: int) -> None:
    """Limit the size of the workers' files; 0 is a disk that takes nothing any more."""
    for worker in target.workers:
        with suppress(ProcessLookupError):
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def shuffled(faults: Sequence[str], chance: random.Random) -> Iterator[str]:
    """Yield the faults in shuffled rounds without end: each comes as often as any other."""
    while True:
        yield from chance.sample(faults, len(faults))


def cause(target: Target, fault: str, chance: random.Random) -> Mapping[int, int]:
    """Cause one fault, and start again at once what the fault has ended.

    Returns the batches that a lost machine had, by id, each with its lease.
    """
    lost: Mapping[int, int] = {}
    if fault == "kill":
        victim = chance.choice(target.workers)
        victim.kill()
        victim.wait()
    elif fault == "kill-all":
        for worker in target.workers:
            worker.kill()
        for worker in target.workers:
            worker.wait()
    elif fault == "machine":
        lost = lose_machine(target, chance.randrange(len(target.workers)))
    elif fault == "stop":
        victim = chance.choice(target.workers)
        victim.send_signal(signal.SIGSTOP)
        time.sleep(LEASE.total_seconds() + 5)
        victim.send_signal(signal.SIGCONT)
        # The worker needs this long to write down what it knows.
        time.sleep(WRITING_SECONDS)
    elif fault == "relay":
        target.relay.cut()
    elif fault == "disk":
        may_write(target, 0)
        time.sleep(target.relay.away)
        may_write(target, resource.RLIM_INFINITY)
    elif fault == "clock":
        target.hours += 1
        asyncio.run(set_clock(target))
    elif fault == "duplicate":
        asyncio.run(give_jobs(target))
    elif target.server is not None:
        target.server.stop()
        time.sleep(target.relay.away)
        target.server.start()
    target.supervise()
    return lost


def lose_machine(target: Target, place: int) -> dict[int, int]:
    """Lose a machine that works for good; the batches that it had, each with its lease."""
    # A machine that has just taken the place of a lost one has nothing yet to lose.
    deadline = time.monotonic() + STALLED_SECONDS
    while time.monotonic() < deadline:
        if asyncio.run(leased(target, takings(target.journal(place)))):
            time.sleep(WORKING_SECONDS)
            break
        time.sleep(0.2)
    target.workers[place].kill()
    target.workers[place].wait()
    lost = asyncio.run(leased(target, takings(target.journal(place))))
    # The machine never comes back, nor does its journal: another machine takes its place. The
    # worker may have died before it wrote a line.
    with suppress(FileNotFoundError):
        shutil.rmtree(target.journal(place))
    target.machines[place] = max(target.machines) + 1
    return lost


def takings(journal: Path) -> dict[int, int]:
    """The batches that the workers of a machine were working on, by id, each with its lease."""
    found = {}
    for file in journal.glob("*.taking"):
        with suppress(FileNotFoundError, ValueError):
            header = json.loads(file.read_bytes().partition(b"\n")[0])
            found[header["batch_id"]] = header["lease"]
    return found


async def leased(target: Target, batches: Mapping[int, int]) -> dict[int, int]:
    """Those of some batches that still have the lease given."""
    database = Database(target.database_url)
    async with database.reading() as session:
        rows = await session.execute(select(Batch.id, Batch.lease).where(Batch.id.in_(batches)))
        held = {row.id: row.lease for row in rows}
    await database.close()
    return {id_: lease for id_, lease in batches.items() if held[id_] == lease}


def until_each_is_taken_again(target: Target, lost: Mapping[int, int], began: float) -> float:
    """Seconds from `began` until every batch of a lost machine was taken by another worker."""
    left = dict(lost)
    while left:
        target.supervise()
        if time.monotonic() > began + STALLED_SECONDS:
            raise SystemExit(f"batches {sorted(left)} were not taken again: {last_words(target)}")
        time.sleep(0.2)
        left = asyncio.run(leased(target, left))
    return time.monotonic() - began


def until_something_arrives(target: Target, before: int, campaign_id: int) -> float | None:
    """Seconds until the server takes another copy; None if nothing is left to send."""
    began = looked = time.monotonic()
    while time.monotonic() < began + STALLED_SECONDS:
        target.supervise()
        if sum(target.relay.counted.copies.values()) > before:
            return time.monotonic() - began
        if time.monotonic() > looked + 2:
            looked = time.monotonic()
            state, left = asyncio.run(state_of(target, campaign_id))
            if state is CampaignState.FINISHED or not left:
                return None
            if state is CampaignState.PAUSED:
                asyncio.run(resume(target, campaign_id))
        time.sleep(0.02)
    raise SystemExit("nothing was sent for two minutes: the log is " + last_words(target))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the attack; copies lost, doubled and in doubt, and how long work stood still."""
    chance = random.Random(options.seed)
    faults = shuffled(options.faults, chance)
    began = time.monotonic()
    with set_up(options.database, options.delay, options.away) as target:
        campaign_id = asyncio.run(start_campaign(target, options.recipients, options.size))
        target.machines = list(range(options.workers))
        target.hooked = not {"clock", "duplicate"}.isdisjoint(options.faults)
        # Before any worker asks for the time: a prepared statement keeps the clock that it found.
        asyncio.run(set_clock(target))
        # The workers inherit this: the signal must not end a worker that has no handler yet.
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        target.workers = [target.start(place) for place in target.machines]
        pauses: list[float] = []
        batches: list[tuple[int, float]] = []
        caused: Counter[str] = Counter()
        if until_something_arrives(target, 0, campaign_id) is None:
            raise SystemExit("nothing was sent")
        while caused.total() < options.kills:
            time.sleep(chance.uniform(0, options.every))
            fault = next(faults)
            lost = cause(target, fault, chance)
            moment = time.monotonic()
            before = sum(target.relay.counted.copies.values())
            pause = until_something_arrives(target, before, campaign_id)
            caused[fault] += 1
            if pause is None:
                break
            pauses.append(pause)
            if lost:
                batches.append((len(lost), until_each_is_taken_again(target, lost, moment)))
            print(f"\r{caused.total()} of {options.kills}", end="", file=sys.stderr, flush=True)
        while True:
            target.supervise()
            state, _left = asyncio.run(state_of(target, campaign_id))
            if state is CampaignState.FINISHED:
                break
            if state is CampaignState.PAUSED:
                asyncio.run(resume(target, campaign_id))
            if time.monotonic() > began + options.limit:
                raise SystemExit("not finished in time: the log is " + last_words(target))
            time.sleep(0.2)
        result = {
            "database": options.database,
            "workers": options.workers,
            "seed": options.seed,
            "faults": dict(caused),
            **asyncio.run(compared(target, campaign_id)),
            "seconds_until_work_went_on": {
                "median": round(statistics.median(pauses), 1) if pauses else None,
                "longest": round(max(pauses), 1) if pauses else None,
            },
            "batches_of_lost_machines": sum(n for n, _ in batches),
            "seconds_until_each_was_taken_again": [round(it, 1) for _, it in batches],
            "seconds": round(time.monotonic() - began),
        }
    print(file=sys.stderr)
    return result


def main() -> None:
    """Print the result as JSON; exit 1 if a copy was lost, doubled or not accounted for."""
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
