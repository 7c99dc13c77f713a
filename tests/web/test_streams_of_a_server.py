"""Streams over a real server: readers who take no more are dropped, and the end waits for none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from accounts.rights import Right
from commands import web_protocol
from commands.web_server import listening, open_doors
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.waiting import until_true
from tests.web.client import LOCAL_IDENTITY, Clock, Web
from tests.web.office.gallery import secret_of
from tests.web.office.person import Town
from web import live
from web.app import create_app
from web.office.options import OfficeOptions

pytestmark = pytest.mark.proof

STREAMS = 50
STOPS_WITHIN = 2.0


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[tuple[str, int]]:
    """The address and the port of a real server."""
    listener = listening("127.0.0.1:0")
    port = listener.getsockname()[1]
    async with open_doors(app, listener):
        yield f"http://localhost:{port}", port


async def test_an_answer_lasts_as_long_as_its_reader_takes_it_and_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web_protocol, "REQUEST_SECONDS", 3.0)
    ended: list[str] = []

    async def lasting(request: Request) -> StreamingResponse:
        size = int(request.query_params["size"])

        async def pieces() -> AsyncIterator[bytes]:
            try:
                for _ in range(20):
                    yield b"x" * size
                    request.scope["extensions"][live.TAKEN]()
                    await asyncio.sleep(0.2 if size < 100_000 else 0)
            finally:
                ended.append(request.query_params["size"])

        return StreamingResponse(pieces())

    app = Starlette(routes=[Route("/", lasting)])
    async with served(app) as (url, port), httpx.AsyncClient() as client:
        begun = time.monotonic()
        answer = await client.get(f"{url}/?size=20000")
        assert time.monotonic() - begun > web_protocol.REQUEST_SECONDS
        assert len(answer.content) == 20 * 20_000, "who takes it gets it whole"
        # Somebody asks for much, and sleeps.
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(b"GET /?size=100000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await writer.drain()
        await until_true(lambda: "100000000" in ended)
        del reader
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_the_server_stops_within_two_seconds_with_fifty_streams_open(
    sqlite_url: str, keys: Keys
) -> None:
    database = Database(sqlite_url)
    clock = Clock(datetime.now(UTC))
    app = create_app(database, keys=keys, identity=LOCAL_IDENTITY, office=OfficeOptions())
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None)) as client:
        town = Town(Web(client, clock, app), database, keys, app)
        async with database.begin() as session:
            members = await make.a_list(session, "membres", now=clock.at)
            await make.a_person(session, keys, "jeanne", members, now=clock.at)
            campaign = await make.a_campaign(session, keys, [members], now=clock.at)
        cookie = await secret_of(town, await town.hire("anne", Right.READER))
        seen = [asyncio.Event() for _ in range(STREAMS)]

        async def follow(url: str, first: asyncio.Event) -> None:
            address = f"{url}/office/sendings/{campaign.id}/stream"
            headers = {"Cookie": f"pli_office={cookie}"}
            async with client.stream("GET", address, headers=headers, timeout=60) as answer:
                assert answer.headers["x-accel-buffering"] == "no"
                async for line in answer.aiter_lines():
                    if line.startswith("id:"):
                        first.set()

        async with served(app) as (url, _port):
            following = [asyncio.create_task(follow(url, it)) for it in seen]
            async with asyncio.timeout(60):
                for it in seen:
                    await it.wait()
            begun = time.monotonic()
        assert time.monotonic() - begun < STOPS_WITHIN
        await asyncio.gather(*following, return_exceptions=True)
    await database.close()
