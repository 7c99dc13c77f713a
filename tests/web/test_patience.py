"""Requests that do not end are cut, and nobody has all of the connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from commands import web_protocol
from commands.web_server import listening, open_doors
from pli import descriptors
from pli.database import Database
from pli.keys import Keys
from tests.web.client import LOCAL_IDENTITY
from web import patience
from web.app import create_app
from web.networks import NO_PROXIES, Networks, network_of

ASK = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def database(sqlite_url: str) -> Database:
    return Database(sqlite_url)


@pytest.fixture
async def door(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[int]:
    """The port of a server with five connections, and little patience."""
    monkeypatch.setattr(web_protocol, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(web_protocol, "REQUEST_SECONDS", 3.0)
    monkeypatch.setattr(patience, "BODY_SECONDS", 0.5)
    app = create_app(database, keys=keys, identity=LOCAL_IDENTITY, now=lambda: now)
    listener = listening("127.0.0.1:0")
    async with open_doors(app, listener, most=5):
        yield listener.getsockname()[1]
    await database.close()


@asynccontextmanager
async def connected(port: int, *said: bytes) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for it in said:
        writer.write(it)
    try:
        yield reader, writer
    finally:
        writer.close()


async def is_cut(connection: Connection, within: float) -> bytes:
    """All that is answered until the connection ends; a client that trickles octets meanwhile."""
    reader, writer = connection

    async def trickle() -> None:
        while not writer.is_closing():
            writer.write(b"a")
            await asyncio.sleep(0.1)

    trickling = asyncio.create_task(trickle())
    try:
        async with asyncio.timeout(within):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        trickling.cancel()


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-a: ", b"G"])
async def test_a_head_that_does_not_end_is_cut(door: int, said: bytes) -> None:
    async with connected(door, said) as connection:
        await is_cut(connection, 5)
    async with connected(door, ASK) as (reader, _):
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"


async def test_a_further_head_on_the_same_connection_is_cut_too(door: int) -> None:
    async with connected(door, ASK) as connection:
        await connection[0].readuntil(b"ok\n")
        connection[1].write(b"GET / HTTP/1.1\r\nX-a: ")
        await is_cut(connection, 4)


async def test_a_body_that_does_not_come_is_408(
    door: int, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailer.links import Links

    # Only the body's deadline may strike here, on a busy machine, too.
    monkeypatch.setattr(web_protocol, "HEAD_SECONDS", 20.0)
    monkeypatch.setattr(web_protocol, "REQUEST_SECONDS", 20.0)
    token = Links(keys, LOCAL_IDENTITY.public_url, LOCAL_IDENTITY.domain).unsubscribe(
        1, 1, 1, keys.current
    )
    path = token.rpartition("/u/")[2]
    head = f"POST /u/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n\r\nx".encode()
    # Octets that come after the end would reset the connection, and the answer with it.
    async with connected(door, head) as (reader, _), asyncio.timeout(30):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_body_that_nobody_asks_for_is_not_waited_for(door: int) -> None:
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n\r\nx"
    async with connected(door, head) as connection:
        assert (await is_cut(connection, 4)).startswith(b"HTTP/1.1 200 OK")


async def test_where_all_are_taken_the_longest_waiting_has_to_go(
    door: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_protocol, "HEAD_SECONDS", 60.0)
    held = [await asyncio.open_connection("127.0.0.1", door) for _ in range(12)]
    for _ in range(3):
        async with connected(door, ASK) as (reader, _):
            async with asyncio.timeout(30):
                assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    for _, writer in held:
        writer.close()


async def test_a_good_reader_may_ask_again_and_again(door: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{door}") as client:
        for _ in range(10):
            assert (await client.get("/healthz")).status_code == 200
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("127.0.0.1", "192.0.2.7", "192.0.2.0/24"),
        ("127.0.0.1", "198.51.100.1, 192.0.2.7", "192.0.2.0/24"),
        ("127.0.0.1", "192.0.2.7, 10.1.2.3", "192.0.2.0/24"),
        ("127.0.0.1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:127.0.0.1", "::ffff:192.0.2.7", "192.0.2.0/24"),
        ("127.0.0.1", "unknown", None),
        ("127.0.0.1", "", None),
        ("127.0.0.1", "10.0.0.1", None),
        ("203.0.113.9", "192.0.2.7", None),
        ("", "192.0.2.7", None),
        ("127.0.0.1", "1.2.3.4," * 100_000 + "192.0.2.7", "192.0.2.0/24"),
    ],
)
def test_only_a_trusted_proxy_is_believed(peer: str, forwarded: str, network: str | None) -> None:
    assert Networks(("127.0.0.1/32", "10.0.0.0/8")).of(peer, forwarded) == network


def test_networks_are_known_by_their_first_bits() -> None:
    assert network_of("192.0.2.1") == network_of("192.0.2.254") != network_of("192.0.3.1")
    assert network_of("2001:db8::1") == network_of("2001:db8::f") != network_of("2001:db8:0:1::1")


@pytest.mark.parametrize(
    ("networks", "most", "code"), [(Networks(("127.0.0.1",), 2), 50, 429), (Networks(), 2, 503)]
)
async def test_too_many_at_one_time_are_told_to_come_back(
    networks: Networks, most: int, code: int
) -> None:
    goes_on = asyncio.Event()

    async def slow(scope: object, receive: object, send: object) -> None:
        del scope, receive, send
        await goes_on.wait()

    limited = patience.Patience(slow, networks, most)
    scope = {
        "type": "http",
        "client": ("127.0.0.1", 1),
        "headers": [(b"x-forwarded-for", b"192.0.2.7")],
    }
    other = scope | {"headers": [(b"x-forwarded-for", b"192.0.3.7")]}
    running = [asyncio.create_task(limited(scope, None, None)) for _ in range(2)]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    with pytest.raises(HTTPException) as refused:
        await limited(scope, None, None)  # type: ignore[arg-type]
    assert refused.value.status_code == code
    if code == 429:
        running.append(asyncio.create_task(limited(other, None, None)))  # type: ignore[arg-type]
    goes_on.set()
    await asyncio.gather(*running)
    await limited(scope, None, None)  # type: ignore[arg-type]


def test_the_pages_leave_the_engine_its_descriptors() -> None:
    assert descriptors.for_web_pages(1_024, 10) == 812
    assert descriptors.for_web_pages(65_536, 200) == 2_000
    assert descriptors.for_web_pages(256, 200) == 32
    assert descriptors.raise_limit() > 64


async def test_what_stands_before_pli_is_believed_only_if_the_settings_name_it() -> None:
    """Uvicorn by itself would believe everybody on this machine, also without a setting."""
    seen = []

    async def note(request: Request) -> Response:
        assert request.client is not None
        seen.append((request.client.host, request.url.scheme))
        return Response()

    listener = listening("127.0.0.1:0")
    port = listener.getsockname()[1]
    said = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
    async with (
        open_doors(Starlette(routes=[Route("/", note)]), listener),
        httpx.AsyncClient() as client,
    ):
        await client.get(f"http://127.0.0.1:{port}/", headers=said)
    assert seen == [("127.0.0.1", "http")]


async def test_a_long_body_has_time_for_each_octet_that_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "BODY_SECONDS", 0.1)
    came = iter([b"x" * 300_000, b"y"])

    async def receive() -> Message:
        body = next(came)
        if body == b"y":
            await asyncio.sleep(0.3)  # longer than a short body may take
        return {"type": "http.request", "body": body, "more_body": body != b"y"}

    got = []

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        got.extend([len((await receive())["body"]) for _ in range(2)])

    async def send(message: Message) -> None:
        raise AssertionError(message)

    limited = patience.Patience(app, NO_PROXIES)
    await limited({"type": "http", "headers": [], "client": None}, receive, send)
    assert got == [300_000, 1]
