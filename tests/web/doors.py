"""A web application over a test's database, and a client that knocks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from mailer.sender import Identity
from pli.database import Database
from pli.keys import Keys
from web.app import create_app

IDENTITY = Identity(
    committee="Comité régional de Bretagne",
    address="1 place de la Gare\n35000 Rennes",
    phone="02 99 00 00 00",
    email="contact@example.org",
    sender="",
    reply_to="",
    public_url="http://127.0.0.1:8080",
)


@dataclass
class Clock:
    """An hour that tests set."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass
class FramePlaceholders:
    """What a story needs to knock."""

    client: httpx.AsyncClient
    clock: Clock


@dataclass
class Options:
    office: bool = False
    inbox: Path | None = None
    identity: Identity = field(default=IDENTITY)


@asynccontextmanager
async def opened(
    database: Database, keys: Keys, now: datetime, options: Options | None = None
) -> AsyncIterator[FramePlaceholders]:
    """The doors, open until the end."""
    options = options or Options()
    clock = Clock(now)
    app = create_app(
        database,
        keys=keys,
        identity=options.identity,
        office=options.office,
        inbox=options.inbox,
        now=clock,
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield FramePlaceholders(client, clock)
