"""The whole road against the wire's limit: postfix's C tools, same bytes, same run.

Pli sends COPIES of one letter (SQLite with synchronous=FULL, ledger, attempts and all) to
smtp-sink; `smtp-source -d` sends as many messages of the same size over as many connections to the
same sink. Pairs alternate, for machines drift; the ratio is the median of the pairs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import false, insert, literal, select

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from mailer import campaigns, theming  # noqa: E402 (the checkout must be on the path first)
from mailer.campaigns import Frozen  # noqa: E402
from mailer.composing import Composer  # noqa: E402
from mailer.delivery.engine import Engine  # noqa: E402
from mailer.delivery.journal import Journal  # noqa: E402
from mailer.delivery.relays import Relay  # noqa: E402
from mailer.delivery.smtp import SMTPCourier  # noqa: E402
from mailer.identity import Identity  # noqa: E402
from mailer.letters import Letter  # noqa: E402
from mailer.links import Links  # noqa: E402
from mailer.models import Campaign, CampaignState  # noqa: E402
from mailer.recipients import ListLine, Recipient  # noqa: E402
from mailer.rendering import press  # noqa: E402
from pli import keys as key_ring  # noqa: E402
from pli import schema  # noqa: E402
from pli.database import Database  # noqa: E402
from pli.interpreter import tune_for_sending  # noqa: E402
from subscribers.models import (  # noqa: E402
    Basis,
    List,
    Subscriber,
    Subscription,
    SubscriptionState,
)

PARAGRAPH = (
    "Le comité a examiné {n} le projet d’avis : l’égalité d’accès aux services publics, la santé "
    "au travail et le budget « annexe » y tiennent une place que nous avons défendue.\n\n"
)
SINK_USER = "nobody"


def identity() -> Identity:
    """An invented committee; https, so that every header of a real letter is there."""
    return Identity(
        committee="Comité régional",
        address="1 place du Marché, 44000 Ville",
        phone="02 00 00 00 00",
        email="contact@example.org",
        sender="Comité régional <lettre@example.org>",
        reply_to="",
        public_url="https://lettres.example.org",
    )


def letter_of(size: int, keys: key_ring.Keys) -> tuple[Letter, int]:
    """A letter whose copy is about `size` bytes on the wire, and how many it is."""
    n = max(1, size // 500)
    letter, length = _letter(n), 0
    for _ in range(4):
        letter = _letter(n)
        length = sum(map(len, _composer(letter, keys).copy(_recipient(), datetime.now(UTC))))
        n = max(1, round(n * size / length))
    return letter, length


def _letter(paragraphs: int) -> Letter:
    body = "# Une séance plénière\n\nBonjour {{ subscriber.first_name or 'camarade' }},\n\n"
    body += "".join(PARAGRAPH.format(n=n) for n in range(paragraphs))
    return Letter(
        number=1,
        title="Une séance",
        date=date(2026, 11, 24),
        subject="Lettre n° 1 : une séance plénière",
        preheader="Ce qui a été dit et voté pendant la séance plénière de novembre",
        body=body,
    )


def _recipient() -> Recipient:
    return Recipient(
        1, 1, "p00001@example.org", "Camille", "Essai", "fr", {}, ListLine(1, "comite", "Comité")
    )


def _composer(letter: Letter, keys: key_ring.Keys) -> Composer:
    links = Links(keys, identity().public_url, identity().domain)
    pressed = press(letter, theming.load(letter.theme), identity())
    return Composer(pressed, letter, identity(), links, keys.current)


async def populate(database: Database, keys: key_ring.Keys, people: int) -> int:
    """A list of so many members; its id."""
    now = datetime.now(UTC)
    async with database.begin() as session:
        session.add(members := List(name="comite", title="Comité", created_at=now))
        await session.flush()
        for start in range(0, people, 10_000):
            rows = [
                {
                    "email": (address := f"p{n:07d}@example.org"),
                    "email_folded": address,
                    "address_key": keys.address_key(address),
                    "first_name": "Camille",
                    "created_at": now,
                }
                for n in range(start, min(people, start + 10_000))
            ]
            await session.execute(insert(Subscriber), rows)
        await session.execute(
            insert(Subscription).from_select(
                ["subscriber_id", "list_id", "state", "paused", "basis", "since"],
                select(
                    Subscriber.id,
                    literal(members.id),
                    literal(SubscriptionState.CONFIRMED.value),
                    false(),
                    literal(Basis.MEMBER.value),
                    Subscriber.created_at,
                ),
            )
        )
    return members.id


async def send(
    folder: Path, port: int, copies: int, size: int, connections: int
) -> dict[str, float]:
    """One whole sending; rates and this process's own costs from start to finish."""
    keys = key_ring.generate()
    database = Database(f"sqlite+aiosqlite:///{folder}/pli.db")
    await schema.upgrade(database)
    list_id = await populate(database, keys, copies)
    letter, length = letter_of(size, keys)
    now = datetime.now(UTC)
    async with database.begin() as session:
        campaign = await campaigns.create(
            session,
            frozen=Frozen.of(letter, theming.load(letter.theme), identity()),
            list_ids=[list_id],
            token_key=keys.current,
            retry_delays=[300.0],
            now=now,
        )
    before = time.monotonic()
    async with database.begin() as session:
        await campaigns.prepare(session, campaign_id=campaign.id, batch_size=1_000, now=now)
    prepare_seconds = time.monotonic() - before
    courier = SMTPCourier(
        Relay.parse(f"smtp://127.0.0.1:{port}?tls=none"),
        connections=connections,
        messages_per_connection=copies,
    )
    engine = Engine(
        database,
        keys,
        courier,
        journal=Journal(folder / "pli.journal", "bench"),
        connections=connections,
    )
    tune_for_sending()
    spent, began = _cpu(), time.monotonic()
    async with database.begin() as session:
        await campaigns.start(session, campaign_id=campaign.id, now=now)
    running = asyncio.create_task(engine.run())
    state = CampaignState.RUNNING
    while state is CampaignState.RUNNING:
        await asyncio.sleep(0.02)
        async with database.reading() as session:
            state = (
                await session.scalar(select(Campaign.state).where(Campaign.id == campaign.id))
                or state
            )
    seconds, cpu = time.monotonic() - began, _cpu() - spent
    engine.stop()
    await running
    await database.close()
    assert state is CampaignState.FINISHED, state
    return {
        "seconds": seconds,
        "cpu_us_per_copy": cpu / copies * 1e6,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "bytes": length,
        "prepare_seconds": prepare_seconds,
    }


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def sink() -> Iterator[int]:
    """smtp-sink on a free port of the loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [_tool("smtp-sink")]
    if os.geteuid() == 0:
        command += ["-u", SINK_USER]
    process = subprocess.Popen([*command, f"127.0.0.1:{port}", "1000"])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def limit(port: int, copies: int, length: int, connections: int) -> float:
    """Seconds that smtp-source takes for as many messages of as many bytes."""
    began = time.monotonic()
    subprocess.run(
        [
            _tool("smtp-source"), "-d", "-l", str(length), "-m", str(copies), "-s",
            str(connections), "-f", "bounce@example.org", "-t", "p@example.org",
            f"127.0.0.1:{port}",
        ],
        check=True,
    )  # fmt: skip
    return time.monotonic() - began


def _tool(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        sys.exit(f"{name} is not installed: apt install postfix")
    return found


def pair(copies: int, size: int, connections: int) -> dict[str, float]:
    """Pli, then the limit, each against a fresh sink."""
    with tempfile.TemporaryDirectory(prefix="pli-bench-") as folder:
        with sink() as port:
            child = subprocess.run(
                [
                    sys.executable, __file__, "--child", folder, "--port", str(port), "--copies",
                    str(copies), "--size", str(size), "--connections", str(connections),
                ],
                check=True, stdout=subprocess.PIPE,
            )  # fmt: skip
        figures: dict[str, float] = json.loads(child.stdout)
    with sink() as port:
        seconds = limit(port, copies, int(figures["bytes"]), connections)
    figures["pli_per_s"] = copies / figures.pop("seconds")
    figures["limit_per_s"] = copies / seconds
    figures["ratio"] = figures["pli_per_s"] / figures["limit_per_s"]
    return figures


def main() -> None:
    """Three pairs, a table, and build/bench.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=50_000, help="bytes of one copy on the wire")
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        import uvloop

        figures = uvloop.run(
            send(options.child, options.port, options.copies, options.size, options.connections)
        )
        print(json.dumps(figures))
        return
    pairs = []
    print(f"{options.copies} copies, {options.connections} connections, {platform.machine()}")
    print("pair   Pli/s  limit/s  ratio  CPU µs/copy  peak MB  prepare s")
    for n in range(options.pairs):
        pairs.append(it := pair(options.copies, options.size, options.connections))
        print(
            f"{n + 1:4} {it['pli_per_s']:7.0f} {it['limit_per_s']:8.0f} {it['ratio']:6.2f} "
            f"{it['cpu_us_per_copy']:12.0f} {it['peak_mb']:8.0f} {it['prepare_seconds']:10.2f}",
            flush=True,
        )
    result = {
        name: statistics.median(it[name] for it in pairs)
        for name in ("pli_per_s", "limit_per_s", "ratio", "cpu_us_per_copy", "peak_mb", "bytes")
    }
    result |= {"copies": options.copies, "connections": options.connections}
    path = ROOT / "build" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"median ratio {result['ratio']:.2f}; written: build/bench.json")


if __name__ == "__main__":
    main()
