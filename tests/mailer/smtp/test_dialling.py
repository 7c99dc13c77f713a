"""A relay's host may have several addresses; a dead address among them costs little time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pytest

from mailer.smtp.relay import Relay as Address
from mailer.smtp.relay import RelayError, RelayRefusal
from tests.certificates import authority
from tests.relay import PASSWORD, USER, Relay

HOST = "relay.example.org"
HERE, THERE, NOWHERE = "127.0.0.1", "127.0.0.2", "127.0.0.3"


def named(monkeypatch: pytest.MonkeyPatch, addresses: Sequence[str]) -> None:
    """Give the invented host these addresses, in this order."""
    loop = asyncio.get_running_loop()
    real = loop.getaddrinfo

    async def getaddrinfo(host: str, port: int, **options: Any) -> list[Any]:
        if host != HOST:
            return await real(host, port, **options)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port))
            for address in addresses
        ]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)


@contextmanager
def swallowing(address: str, port: int) -> Iterator[None]:
    """An address at which every SYN is dropped, because the listener's backlog is full."""
    with closing(socket.socket()) as listener, contextlib.ExitStack() as waiting:
        listener.bind((address, port))
        listener.listen(0)
        while True:
            filler = waiting.enter_context(closing(socket.socket()))
            filler.settimeout(0.1)
            try:
                filler.connect((address, port))
            except TimeoutError:
                break
        yield


def a_free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
async def test_the_second_address_is_used_when_the_first_swallows_every_packet(
    tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority() / "ca.pem"))
    named(monkeypatch, [THERE, HERE])
    login = tls != "none"
    with (
        Relay(tls=tls, login=login, certificate=f"DNS:{HOST}").running() as relay,
        swallowing(THERE, relay.port),
    ):
        address = Address(HOST, relay.port, tls, *((USER, PASSWORD) if login else ()))
        began = time.monotonic()
        client = await address.connect(10)
        took = time.monotonic() - began
        await client.quit()
    assert took < 2
    assert relay.connections == 1


async def test_the_first_address_is_used_alone_when_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Relay().running() as relay, closing(socket.socket()) as spare:
        named(monkeypatch, [HERE, THERE])
        spare.bind((THERE, relay.port))
        spare.listen()
        spare.setblocking(False)
        client = await Address(HOST, relay.port, "none").connect(10)
        await client.quit()
        with pytest.raises(BlockingIOError):
            spare.accept()
    assert relay.connections == 1


async def test_when_nobody_answers_at_any_address_the_host_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = a_free_port()
    named(monkeypatch, [HERE, THERE])
    with pytest.raises(RelayError, match=f"nobody answers at the relay {HOST}:{port}"):
        await Address(HOST, port, "none").connect(10)


async def test_one_deadline_holds_for_all_addresses_and_the_host_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = a_free_port()
    named(monkeypatch, [THERE, NOWHERE, HERE])
    with swallowing(THERE, port), swallowing(NOWHERE, port):
        began = time.monotonic()
        with pytest.raises(RelayError, match=f"{HOST}:{port} does not answer in time"):
            await Address(HOST, port, "none").connect(1)
        assert 0.9 < time.monotonic() - began < 3


async def test_addresses_that_fail_in_different_ways_are_one_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = a_free_port()
    named(monkeypatch, [HERE, "255.255.255.255"])
    with pytest.raises(RelayError, match=f"nobody answers at the relay {HOST}:{port}") as told:
        await Address(HOST, port, "none").connect(10)
    assert not isinstance(told.value, RelayRefusal)


async def test_a_certificate_must_name_the_host_and_not_the_address_that_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority() / "ca.pem"))
    named(monkeypatch, [HERE])
    with (
        Relay(tls="implicit", certificate=f"IP:{HERE}").running() as relay,
        pytest.raises(RelayRefusal, match="certificate that cannot be trusted"),
    ):
        await Address(HOST, relay.port, "implicit").connect(10)


@pytest.mark.parametrize("ends", ["in time", "cancelled"])
@pytest.mark.parametrize("tls", ["none", "implicit"])
async def test_a_connection_that_came_to_nothing_is_closed(ends: str, tls: str) -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        gone.set()
        writer.close()

    server = await asyncio.start_server(serve, HERE, 0)
    try:
        port = server.sockets[0].getsockname()[1]
        attempt = asyncio.create_task(
            Address(HERE, port, tls).connect(0.3 if ends == "in time" else 30)
        )
        await asyncio.sleep(0.2)
        if ends == "cancelled":
            attempt.cancel()
        (end,) = await asyncio.gather(attempt, return_exceptions=True)
        assert isinstance(end, RelayError if ends == "in time" else asyncio.CancelledError)
        await asyncio.wait_for(gone.wait(), 5)
        del end, attempt
    finally:
        server.close()
