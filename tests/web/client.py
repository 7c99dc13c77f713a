"""The web application over a test's database, and a client that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from mailer.sender import Identity
from pli.database import Database
from pli.keys import Keys
from tests.factories import IDENTITY
from web.app import create_app
from web.office.options import OfficeOptions

ADDRESS = "http://127.0.0.1:8080"
LOCAL_IDENTITY = replace(
    IDENTITY,
    committee="Comité régional de Bretagne",
    email="contact@example.org",
    public_url=ADDRESS,
)
"""A committee whose pages are on this machine."""


@dataclass
class Clock:
    """A clock that tests set."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Web:
    """A client, and the application's clock."""

    client: httpx.AsyncClient
    clock: Clock
    app: Starlette
    routes: Sequence[Route] = ()


@dataclass
class Options:
    """The options with which the application is made."""

    office: bool = False
    rules: OfficeOptions | None = None
    inbox: Path | None = None
    identity: Identity = LOCAL_IDENTITY


@asynccontextmanager
async def serving(
    database: Database, keys: Keys, now: datetime, options: Options | None = None
) -> AsyncIterator[Web]:
    """Serve the application while the block inside runs."""
    options = options or Options()
    clock = Clock(now)
    app = create_app(
        database,
        keys=keys,
        identity=options.identity,
        office=(options.rules or OfficeOptions()) if options.office else None,
        inbox=options.inbox,
        now=clock,
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        yield Web(client, clock, app, [it for it in app.routes if isinstance(it, Route)])
