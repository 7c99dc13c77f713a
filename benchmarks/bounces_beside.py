"""What it costs a campaign that mails which came back are recorded while it is sent.

    .venv/bin/python -m benchmarks.bounces_beside
    .venv/bin/python -m benchmarks.bounces_beside --copies 200000 --pairs 3 --only sqlite
    .venv/bin/python -m benchmarks.bounces_beside --inside

A campaign is sent to smtp-sink, by a process of its own, in turns with and without another process
that records mails all the while, as `pli bounce read` does. Each side goes first as
often as second. It prints how fast was sent in each turn, how fast was recorded, and the
processor's time for a copy and for a mail. With `--inside` the mails came in by a door, and the
process that sends works on them, too, as `pli serve` does: their time is then within that of the
copies. A turn must last some transactions of mails, each 1.15 s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks import bounces, rows, servers
from benchmarks.machine import machine, moment
from benchmarks.processes import ROOT, sent
from benchmarks.recording import TRANSACTION_SECONDS, reading
from benchmarks.sending import Order
from benchmarks.tools import told_if_missing
from mailer.campaign.taking_in import take_in_many
from pli import schema
from pli.database import Database

SIZE = 8_000
CONNECTIONS = 10
EVERY = 10


async def record(url: str, mails: Sequence[bytes]) -> None:
    """Record mails until there are none; prints a line for each ten."""
    database = Database(url)
    begun = time.monotonic()
    done = 0
    async for _ in take_in_many(
        database,
        (("", it) for it in mails),
        read=reading(),
        now=partial(datetime.now, UTC),
    ):
        done += 1
        if done % EVERY == 0:
            spent = time.process_time()
            print(json.dumps([done, time.monotonic() - begun, spent]), flush=True)
    await database.close()


async def furnish(url: str, count: int) -> Sequence[bytes]:
    """A database with an earlier campaign, and so many mails that came back of it."""
    database = Database(url)
    await schema.upgrade(database)
    mails = await bounces.mails_of(database, count)
    await database.close()
    return mails


@contextmanager
def recording(url: str, file: Path) -> Iterator[None]:
    """A process that records beside this block; its lines go to a file beside the mails."""
    lines = file.with_suffix(".out")
    with lines.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.bounces_beside", "--record", url, str(file)],
            cwd=ROOT,
            stdout=out,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + 60
            while not lines.stat().st_size and time.monotonic() < deadline:
                time.sleep(0.02)
            yield
        finally:
            child.kill()
            child.wait()


class Turn(NamedTuple):
    """One sending: copies a second, CPU µs a copy; mails a second recorded beside it, CPU µs."""

    sent: float
    copy_us: float
    recorded: float = 0.0
    mail_us: float = 0.0


def turn(kind: str, options: argparse.Namespace, *, beside: bool) -> Turn:
    """Measure one sending, alone or beside the recording of mails."""
    with servers.sink() as port, rows.new_database(kind) as (folder, url, _):
        file = Path(folder) / "mails"
        made = asyncio.run(furnish(url, options.mails))
        file.write_text(json.dumps([it.decode("latin-1") for it in made]))
        order = Order(
            folder=folder,
            database_url=url,
            relay_url=f"smtp://127.0.0.1:{port}?tls=none",
            people=options.copies,
            size=SIZE,
            connections=CONNECTIONS,
        )
        if not beside or options.inside:
            alone = sent(replace(order, mails=str(file) if beside else ""))
            return Turn(alone["per_s"], alone["cpu_us"], alone["recorded_per_s"])
        figures = sent(order, beside=recording(url, file))
        noted = [json.loads(it) for it in file.with_suffix(".out").read_text().splitlines()]
        # From the end of the first transaction on: the first mails came before the sending.
        first = [it for it in noted if it[1] < noted[0][1] + TRANSACTION_SECONDS][-1]
        mails = noted[-1][0] - first[0]
        return Turn(
            figures["per_s"],
            figures["cpu_us"],
            mails / max(0.001, noted[-1][1] - first[1]),
            (noted[-1][2] - first[2]) / max(1, mails) * 1e6,
        )


def main() -> None:
    """Measure in turns on each database, and print each turn and the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--copies", type=int, default=100_000)
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--inside", action="store_true")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--record", nargs=2, metavar=("URL", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.record:
        url, file = options.record
        mails = [it.encode("latin-1") for it in json.loads(Path(file).read_text())]
        asyncio.run(record(url, mails))
        return
    print(machine(), moment(), flush=True)
    for kind in ("sqlite", "postgresql") if options.only is None else (options.only,):
        ratios = []
        for n in range(options.pairs):
            order = (True, False) if n % 2 else (False, True)
            found = {it: turn(kind, options, beside=it) for it in order}
            with_it, alone = found[True], found[False]
            ratios.append(with_it.sent / alone.sent)
            print(
                f"{kind}: {with_it.sent:,.0f}/s ({with_it.copy_us:.0f} µs a copy) beside "
                f"{with_it.recorded:,.0f} mails a second ({with_it.mail_us:.0f} µs a mail), "
                f"{alone.sent:,.0f}/s ({alone.copy_us:.0f} µs) alone, ratio {ratios[-1]:.2f}",
                flush=True,
            )
        print(f"{kind}: median ratio {statistics.median(ratios):.2f}", flush=True)


if __name__ == "__main__":
    with told_if_missing():
        main()
