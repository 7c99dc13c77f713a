"""Runs the web server of a process beside its engine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette

from commands.web_protocol import ConnectionLimit
from pli.errors import PliError, reason_of
from pli.language import N_
from web.networks import NO_PROXIES, Networks

GRACE_SECONDS = 3
"""How long open connections may delay the end: an open page once delayed SIGTERM for 19 s."""


BACKLOG = 64
MOST_CONNECTIONS = 100
"""Where nothing else is said, as for the figures."""


class WebServerError(PliError):
    """The web server cannot listen where it should."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command: uvicorn raises SIGTERM again, which would cut a job off."""
        yield


def listening(address: str) -> socket.socket:
    """A socket bound to HOST:PORT; port 0 takes any free port."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
    except OSError as error:
        listener.close()
        raise WebServerError(
            N_("cannot listen at {address}: {reason}: set listen, or end what is there"),
            address=address,
            reason=reason_of(error),
        ) from None
    return listener


@asynccontextmanager
async def open_doors(
    app: Starlette,
    listener: socket.socket,
    *,
    most: int = MOST_CONNECTIONS,
    networks: Networks = NO_PROXIES,
) -> AsyncIterator[None]:
    """Serve `app` on this socket while the block inside runs; `most` connections at one time."""
    config = uvicorn.Config(
        app,
        # uvicorn's type names classes alone; it calls what it is given, and a function will do.
        http=ConnectionLimit(most, networks).protocol,  # type: ignore[arg-type]
        # A burst is accepted as a whole, before one of its connections can be refused.
        backlog=BACKLOG,
        log_level="warning",
        log_config=None,  # ours: see pli/logs.py
        lifespan="off",
        server_header=False,
        # Its own list of proxies holds this machine, whatever `trusted_proxies` says; and where it
        # has put the visitor in the place of the peer, `Networks` finds no proxy any more.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # uvicorn has no event for it
        yield
    finally:
        # Streams end when they are told to; else the server would wait for them.
        getattr(app.state, "end_streams", lambda: None)()
        server.should_exit = True
        await serving
        listener.close()
