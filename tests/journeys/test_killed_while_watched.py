"""The server is killed while somebody watches: the page comes back, and tells the truth."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.browser import how_to_launch
from tests.journeys.installation import Installation
from tests.journeys.watchers import a_cookie
from tests.relay import Relay
from tests.waiting import until_true

pytestmark = pytest.mark.proof

COPIES = 120


def test_the_page_comes_back_after_kill_9_and_tells_the_truth(
    installation: Installation, relay: Relay
) -> None:
    relay.delay = 0.3
    installation.members(COPIES)
    installation.pli("campaign", "create", installation.letter(), "--list", "comite")
    asyncio.run(_watched(installation, relay))
    report = installation.pli("report", "1", "--json").json
    assert report["sent"] + report["uncertain"] == COPIES
    assert max(relay.recipients.values()) == 1


async def _watched(installation: Installation, relay: Relay) -> None:
    """Watch in a browser while the server is killed and started again."""
    from playwright.async_api import async_playwright

    url = installation.public_url
    cookie: Any = {
        "name": "pli_office",
        "value": await a_cookie(installation),
        "url": f"{url}/office",
    }
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(**how_to_launch())
        page = await chromium.new_page(locale="en-GB")
        await page.context.add_cookies([cookie])
        with installation.serving() as server:
            installation.pli_apart("campaign", "start", "1", "--yes")
            await page.goto(f"{url}/office/sendings/1")
            await until_true(lambda: len(relay.received) > 10)
            server.kill()
            server.wait()
        await page.locator("[data-lost]").wait_for(state="visible", timeout=30_000)
        with installation.serving():
            await page.get_by_text("Every copy is accounted for.").wait_for(timeout=120_000)
            report = installation.pli_apart("report", "1", "--json").json
            assert str(report["sent"]) in await page.locator(".sum").inner_text()
        await chromium.close()
