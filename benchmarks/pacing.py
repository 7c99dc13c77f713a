"""Measure the fullest second and minute that a relay sees of three workers that are killed.

The workers are processes of `pli worker` on PostgreSQL. One is killed every twenty seconds, and all
of them at half time; each is started again at once. The SMTP server counts.

    .venv/bin/python -m benchmarks.pacing --minutes 4 --per-second 20 --per-minute 300
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from benchmarks import letters
from benchmarks.campaign import populate, prepared
from benchmarks.chaos import cause
from benchmarks.target import Counted, Target, compared, set_up
from benchmarks.tools import told_if_missing
from mailer.campaign import lifecycle
from pli import keys as key_ring
from pli import schema
from pli.database import Database, check_keys
from tests.relay import Received

SLOW = "orange.fr"
EVERY = 5
"""One person in so many has a mailbox at the slow provider."""
KILL_SECONDS = 20.0
WORKERS = 3


class TimedMails(Counted):
    """Keeps when each mail came, and over which connection; keeps no bodies."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Received] = []

    def append(self, mail: Received) -> None:
        super().append(mail)
        self.mails.append(Received("", mail.recipient, b"", mail.begun, mail.at, mail.connection))


def fullest(moments: list[float], seconds: float) -> int:
    """The most moments in any half-open interval of so many seconds."""
    most = first = 0
    for place, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        most = max(most, place - first + 1)
    return most


async def start_campaign(target: Target, recipients: int) -> int:
    """Start a campaign; some of its people have a mailbox at the slow provider."""
    keys = key_ring.generate()
    key_ring.write(keys, target.folder / "pli.keys")
    database = Database(target.database_url)
    await schema.upgrade(database)
    async with database.begin() as session:
        await check_keys(session, keys)
    list_id = await populate(database, keys, recipients)
    async with database.begin() as session:
        for column in ("email", "email_folded"):
            await session.execute(
                text(
                    f"UPDATE subscriber SET {column} = replace({column}, 'example.org', :slow) "
                    "WHERE id % :every = 0"
                ),
                {"slow": SLOW, "every": EVERY},
            )
    campaign_id = await prepared(
        database,
        keys,
        letters.of_size(4_000, keys),
        list_id=list_id,
        batch_size=200,
        retry_delays=[1.0] * 20,
    )
    async with database.begin() as session:
        await lifecycle.start(session, campaign_id=campaign_id, now=datetime.now(UTC))
    await database.close()
    return campaign_id


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Run the whole; the most that the relay saw, against its limits."""
    chance = random.Random(options.seed)
    seconds = options.minutes * 60
    with set_up("postgresql", options.delay, 1.0) as target:
        target.relay.received = target.relay.counted = timed = TimedMails()
        with (target.folder / "pli.toml").open("a") as file:
            file.write(
                f"relay_per_second = {options.per_second}\n"
                f"relay_per_minute = {options.per_minute}\n"
                "[providers.orange]\nconnections = 2\nmessages_per_connection = 50\n"
                f"per_minute = {options.slow_per_minute}\n"
            )
        recipients = int(options.minutes * options.per_minute * 2)
        asyncio.run(start_campaign(target, recipients))
        target.machines = [0] * WORKERS
        target.workers = [target.start(place) for place in range(WORKERS)]
        began = killed = time.monotonic()
        restarted = False
        while time.monotonic() < began + seconds:
            target.supervise()
            if not restarted and time.monotonic() > began + seconds / 2:
                cause(target, "kill-all", chance)
                restarted, killed = True, time.monotonic()
            elif time.monotonic() > killed + KILL_SECONDS:
                cause(target, "kill", chance)
                killed = time.monotonic()
            time.sleep(0.1)
        for worker in target.workers:
            worker.terminate()
        for worker in target.workers:
            worker.wait(30)
        mails = list(timed.mails)
        ledger = asyncio.run(compared(target, 1))
    slow = [it for it in mails if it.recipient.endswith(SLOW)]
    moments = sorted(it.at for it in mails)
    return {
        "workers": WORKERS,
        "minutes": options.minutes,
        "received": len(mails),
        "doubled": ledger["doubled"],
        "balanced": ledger["balanced"],
        "fullest_second": {"holds": fullest(moments, 1.0), "limit": options.per_second},
        "fullest_minute": {"holds": fullest(moments, 60.0), "limit": options.per_minute},
        "fullest_minute_of_the_slow_one": {
            "holds": fullest(sorted(it.at for it in slow), 60.0),
            "limit": options.slow_per_minute,
        },
        "connections_of_the_slow_one": {"most": target.relay.busiest(slow), "limit": 2},
        "used_of_the_minutes": round(len(mails) / (options.minutes * options.per_minute), 2),
    }


def main() -> None:
    """Print the result as JSON; exit 1 if an interval held more than its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--per-second", type=int, default=20)
    parser.add_argument("--per-minute", type=int, default=300)
    parser.add_argument("--slow-per-minute", type=int, default=40)
    parser.add_argument("--delay", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    result = run(parser.parse_args())
    print(json.dumps(result, indent=2))
    told = [it for it in result.values() if isinstance(it, dict)]
    if any(it.get("holds", it.get("most")) > it["limit"] for it in told):
        sys.exit(1)


if __name__ == "__main__":
    with told_if_missing():
        main()
