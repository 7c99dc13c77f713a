"""The office behind a real server, for a real browser: under localhost, where passkeys are."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx

from accounts.entering import Policy
from commands.web_server import listening, open_doors
from pli.database import Database
from pli.keys import Keys
from tests.browser import how_to_launch
from tests.web.client import LOCAL_IDENTITY, Clock, Web
from tests.web.office.person import Town
from web.app import create_app
from web.office.options import OfficeOptions

# What a browser says by itself: of a refusal, of a network that a test took away, and of a fault
# that is shown in a frame and may not take the focus from the page around it.
_EXPECTED = re.compile("status of|ERR_INTERNET_DISCONNECTED|Autofocus processing was blocked")


class WallClock(Clock):
    """The clock on the wall, which browsers have, too."""

    def __call__(self) -> datetime:
        """Now."""
        self.at = datetime.now(UTC)
        return self.at


@dataclass
class Street:
    """An office at its address, and the browser in which people come."""

    town: Town
    url: str
    chromium: Any

    @asynccontextmanager
    async def browser(self, **options: Any) -> AsyncIterator[Any]:
        """A page in a browser of its own; whatever its console says is a fault."""
        options.setdefault("locale", "en-GB")
        context = await self.chromium.new_context(**options)
        page = await context.new_page()
        said: list[str] = []
        page.on("dialog", lambda it: said.append(it.message))
        page.on("pageerror", lambda it: said.append(str(it)))
        page.on(
            "console",
            lambda it: said.append(it.text) if not _EXPECTED.search(it.text) else None,
        )
        asked: list[str] = []
        page.on("request", lambda it: asked.append(it.url))
        yield page
        assert said == []
        assert [it for it in asked if not it.startswith(self.url)] == []
        await context.close()


async def with_passkeys(page: Any) -> None:
    """Give a page's device a place for passkeys, whose person always says yes."""
    device = await page.context.new_cdp_session(page)
    await device.send("WebAuthn.enable")
    await device.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


@asynccontextmanager
async def a_street(
    sqlite_url: str, keys: Keys, language: str = "en", rules: OfficeOptions | None = None
) -> AsyncIterator[Street]:
    """Serve an office, and start a browser."""
    from playwright.async_api import async_playwright

    database = Database(sqlite_url)
    listener = listening("127.0.0.1:0")
    url = f"http://localhost:{listener.getsockname()[1]}"
    clock = WallClock(datetime.now(UTC))
    app = create_app(
        database,
        keys=keys,
        identity=replace(LOCAL_IDENTITY, public_url=url),
        language=language,
        # As a way in for readers, too, so that each journey can be walked.
        office=rules or OfficeOptions(policy=Policy(sign_in_links=True)),
        now=clock,
    )
    try:
        async with (
            open_doors(app, listener),
            async_playwright() as playwright,
            httpx.AsyncClient() as client,
        ):
            chromium = await playwright.chromium.launch(**how_to_launch())
            town = Town(Web(client, clock, app), database, keys, app)
            yield Street(town, url, chromium)
            await chromium.close()
    finally:
        await database.close()
