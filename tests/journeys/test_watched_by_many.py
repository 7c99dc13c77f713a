"""Many watch a sending of a real server: its database goes away and comes back, and it is ended."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from tests.journeys.installation import Installation
from tests.journeys.watchers import a_cookie
from tests.processes import Command
from tests.relay import Relay
from tests.servers import PostgreSQL
from tests.waiting import until_true

pytestmark = pytest.mark.proof

TEN, FIFTY = 10, 50
COPIES = 400
PATIENCE = 120.0
STOPS_WITHIN = 2.0
AWAY_SECONDS = 15.0
AWAY = "The database does not answer just now."


@dataclass(slots=True)
class Watcher:
    """What the stream of one who watches has brought so far."""

    pictures: list[str] = field(default_factory=list)
    over: bool = False

    @property
    def latest(self) -> str:
        """The latest picture; "" before the first."""
        return self.pictures[-1] if self.pictures else ""


async def _follow(client: httpx.AsyncClient, address: str, watcher: Watcher) -> None:
    async with client.stream("GET", address) as answer:
        assert answer.status_code == 200
        picture: list[str] = []
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                picture.append(line.removeprefix("data: "))
            elif line == "event: over":
                watcher.over = True
            elif not line and picture:
                watcher.pictures.append("\n".join(picture))
                picture = []


@asynccontextmanager
async def watching(sending: str, cookie: str, how_many: int) -> AsyncIterator[Sequence[Watcher]]:
    """So many who follow a sending, each with a first picture."""
    watchers = [Watcher() for _ in range(how_many)]
    headers = {"Cookie": f"pli_office={cookie}"}
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(headers=headers, limits=limits, timeout=PATIENCE) as client:
        tasks = [asyncio.create_task(_follow(client, f"{sending}/stream", it)) for it in watchers]
        await until_true(lambda: all(it.latest for it in watchers), 60)
        yield watchers
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def begun(installation: Installation) -> str:
    """The address of a sending that runs as long as somebody serves."""
    installation.pli("list", "new", "comite", "--title", "Comité", code=None)
    installation.members(COPIES)
    made = installation.pli("campaign", "create", installation.letter(), "--list", "comite")
    (number,) = re.findall(r"Campaign (\d+) is a draft", made.out)
    installation.pli("campaign", "start", number, "--yes")
    return f"{installation.public_url}/office/sendings/{number}"


def test_ten_are_told_that_the_database_is_away_and_see_the_sending_go_on(
    installation: Installation, relay: Relay
) -> None:
    relay.delay = 0.2
    with PostgreSQL.started() as server:
        asyncio.run(server.execute("CREATE DATABASE pli"))
        installation.set(f'database_url = "{server.url("pli")}"')
        installation.pli("db", "upgrade")
        sending = begun(installation)
        cookie = asyncio.run(a_cookie(installation, server.url("pli")))
        with installation.serving():
            asyncio.run(_without_its_database(sending, relay, server, cookie))
        report = installation.pli("report", "letter:1", "--json").json
    assert report["balanced"]
    assert report["candidates"] == COPIES
    assert max(relay.recipients.values()) == 1, "nobody got two"


async def _without_its_database(
    sending: str, relay: Relay, server: PostgreSQL, cookie: str
) -> None:
    async with watching(sending, cookie, TEN) as watchers:
        await until_true(lambda: len(relay.received) > 10, 60)
        await asyncio.to_thread(server.stop)
        await until_true(lambda: all(AWAY in it.latest for it in watchers), 60)
        left = time.monotonic() + AWAY_SECONDS
        await until_true(lambda: time.monotonic() > left, 2 * AWAY_SECONDS)
        assert not any(it.over for it in watchers), "nobody has to load the page"
        seen = [len(it.pictures) for it in watchers]
        await asyncio.to_thread(server.start)
        await until_true(lambda: not any(AWAY in it.latest for it in watchers), 60)
        arrived = len(relay.received)
        await until_true(lambda: len(relay.received) > arrived, 60)
        await until_true(
            lambda: all(
                len(it.pictures) > before + 1 for it, before in zip(watchers, seen, strict=True)
            ),
            60,
        )


def test_serve_ends_within_two_seconds_while_fifty_watch_a_sending(
    installation: Installation, relay: Relay
) -> None:
    relay.delay = 0.2
    sending = begun(installation)
    cookie = asyncio.run(a_cookie(installation))

    async def end(server: Command, moving: Callable[[], bool]) -> float:
        async with watching(sending, cookie, FIFTY) as watchers:
            await until_true(moving, 60)
            server.send_signal(signal.SIGTERM)
            asked = time.monotonic()
            await until_true(lambda: server.poll() is not None, 30)
            took = time.monotonic() - asked
            assert not any(it.over for it in watchers), "the sending is not over: they come back"
        return took

    with installation.serving() as server:
        took = asyncio.run(end(server, lambda: len(relay.received) > 10))
        assert server.returncode == 0
    assert took < STOPS_WITHIN + relay.lag
    report = installation.pli("report", "letter:1", "--json").json
    assert report["balanced"]
    assert report["uncertain"] == 0
