"""What it costs a campaign that mails which came back are recorded while it is sent.

    .venv/bin/python -m benchmarks.bounces_beside
    .venv/bin/python -m benchmarks.bounces_beside --copies 20000 --mails 10000 --pairs 5

A campaign is sent to smtp-sink, by a process of its own, in turns with and without another process
that records mails all the while, as `pli bounce read` does. Each side goes first as
often as second. It prints how fast was sent in each turn, and how fast was recorded.
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
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks import bounces, rows, servers
from benchmarks.machine import machine, moment
from benchmarks.processes import ROOT, sent
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
        read=bounces.reading(),
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


def turn(kind: str, copies: int, mails: int, *, beside: bool) -> tuple[float, float]:
    """One sending: its copies a second, and the mails a second that were recorded beside it."""
    with servers.sink() as port, rows.new_database(kind) as (folder, url, _):
        file = Path(folder) / "mails"
        made = asyncio.run(furnish(url, mails))
        file.write_text(json.dumps([it.decode("latin-1") for it in made]))
        order = Order(
            folder=folder,
            database_url=url,
            relay_url=f"smtp://127.0.0.1:{port}?tls=none",
            people=copies,
            size=SIZE,
            connections=CONNECTIONS,
        )
        if not beside:
            return sent(order)["per_s"], 0.0
        figures = sent(order, beside=recording(url, file))
        lines = file.with_suffix(".out").read_text().splitlines()
        done, seconds = json.loads(lines[-1])
        return figures["per_s"], done / seconds


def main() -> None:
    """Measure in turns on each database, and print each turn and the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--copies", type=int, default=20_000)
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=5)
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
            found = {it: turn(kind, options.copies, options.mails, beside=it) for it in order}
            (with_it, recorded), (without, _) = found[True], found[False]
            ratios.append(with_it / without)
            print(
                f"{kind}: {with_it:,.0f}/s beside {recorded:,.0f} mails a second, "
                f"{without:,.0f}/s alone, ratio {ratios[-1]:.2f}",
                flush=True,
            )
        print(f"{kind}: median ratio {statistics.median(ratios):.2f}", flush=True)


if __name__ == "__main__":
    with told_if_missing():
        main()
