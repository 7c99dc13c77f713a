"""Watchers of a sending: the office's pages beside the engine, and browsers that follow a stream.

    python -m benchmarks.watchers http://localhost:8099 COOKIE 1 20

Opens so many streams of a campaign in a process of its own, and prints "open" when each has its
first picture; at the end of its input, how many pictures all of them got together.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from accounts import people, rights, sessions
from accounts.factors import Factor
from accounts.models import AccountState, Stage
from accounts.rights import Right
from commands.web_server import listening, open_doors
from mailer.sender import Identity
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from subscribers.address import Address
from web.app import create_app
from web.office.options import OfficeOptions

ROOT = Path(__file__).resolve().parents[1]
BENCH = Actor.system("bench")


@dataclass(slots=True)
class Seen:
    """How many pictures the watchers got, all together."""

    pictures: int = 0


@asynccontextmanager
async def watched(
    database: Database, keys: Keys, campaign_id: int, watchers: int
) -> AsyncIterator[Seen]:
    """Serve the office while the block runs, with so many who watch from another process."""
    listener = listening("127.0.0.1:0")
    url = f"http://localhost:{listener.getsockname()[1]}"
    identity = Identity(
        committee="Banc", address="1 rue Neuve", phone="02", email="banc@example.org",
        sender="banc@example.org", reply_to="", public_url=url, timezone="Europe/Paris",
    )  # fmt: skip
    app = create_app(database, keys=keys, identity=identity, office=OfficeOptions())
    seen = Seen()
    async with open_doors(app, listener):
        if not watchers:
            yield seen
            return
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.watchers", url, await _cookie(database),
            str(campaign_id), str(watchers),
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            if (await child.stdout.readline()).strip() != b"open":
                raise SystemExit("the watchers saw nothing")
            yield seen
            child.stdin.close()
            seen.pictures = int(await child.stdout.readline() or 0)
        finally:
            if child.returncode is None:
                with suppress(ProcessLookupError):
                    child.terminate()
            await child.wait()


async def _cookie(database: Database) -> str:
    """The cookie of somebody who may see the numbers."""
    now = datetime.now(UTC)
    async with database.begin() as session:
        account = await people.invite(
            session, address=Address.parse("lea@example.org"), name="Léa", by=BENCH, now=now
        )
        account.state = AccountState.ACTIVE
        await rights.grant(
            session, account_id=account.id, right=Right.READER, list_id=None, by=BENCH, now=now
        )
        opened = await sessions.open_(
            session,
            account_id=account.id,
            stage=Stage.WHOLE,
            proved={Factor.PASSKEY},
            browser="bench",
            now=now,
        )
    return opened.secret


async def _follow(
    client: httpx.AsyncClient, address: str, counted: list[int], first: asyncio.Event
) -> None:
    async with client.stream("GET", address, timeout=None) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("id:"):
                counted[0] += 1
                first.set()


async def main() -> None:
    """Watch until the input ends."""
    url, cookie, campaign, watchers = sys.argv[1:]
    counted = [0]
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(cookies={"pli_office": cookie}, limits=limits) as client:
        address = f"{url}/office/sendings/{campaign}/stream"
        seen = [asyncio.Event() for _ in range(int(watchers))]
        following = [asyncio.create_task(_follow(client, address, counted, it)) for it in seen]
        for it in seen:
            await asyncio.wait_for(it.wait(), 30)
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(counted[0], flush=True)
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main())
