"""How a real browser applies the pages' content security policies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from pli.database import Database
from pli.keys import Keys
from tests.browser import how_to_launch
from tests.web.client import ADDRESS, Options, serving
from tests.web.mails import HOSTILE, a_mail, maildir, put


@dataclass
class Browser:
    """A browser tab whose requests the application answers; all others are noted and refused."""

    page: Any
    client: httpx.AsyncClient
    elsewhere: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    async def answer(self, route: Any) -> None:
        request = route.request
        if not request.url.startswith(ADDRESS):
            self.elsewhere.append(request.url)
            await route.abort()
            return
        answer = await self.client.request(
            request.method, request.url, content=request.post_data_buffer
        )
        await route.fulfill(
            status=answer.status_code, headers=dict(answer.headers), body=answer.content
        )


@pytest.fixture
async def browser(
    sqlite_url: str, keys: Keys, now: datetime, tmp_path: Path
) -> AsyncIterator[Browser]:
    from playwright.async_api import async_playwright

    database = Database(sqlite_url)
    folder = maildir(tmp_path / "inbox")
    put(folder, "1700000001.hostile", a_mail(7, HOSTILE))
    async with (
        serving(database, keys, now, Options(office=True, inbox=folder)) as web,
        async_playwright() as playwright,
    ):
        chromium = await playwright.chromium.launch(**how_to_launch())
        page = await chromium.new_page()
        browser = Browser(page, web.client)
        page.on("dialog", lambda dialog: browser.said.append(dialog.message))
        page.on("console", lambda message: browser.said.append(message.text))
        await page.route("**/*", browser.answer)
        yield browser
        await chromium.close()
    await database.close()


@pytest.mark.proof
async def test_the_pages_style_passes_its_own_policy(browser: Browser) -> None:
    await browser.page.goto(f"{ADDRESS}/")
    colour = "getComputedStyle(document.querySelector('.sheet')).borderTopWidth"
    assert await browser.page.evaluate(colour) == "4px"
    assert browser.said == []


async def test_a_hostile_mail_is_seen_and_does_nothing(browser: Browser) -> None:
    await browser.page.goto(f"{ADDRESS}/inbox/1700000001.hostile")
    frame = browser.page.frames[1]
    await frame.wait_for_selector("p")
    assert "Bonjour é" in await frame.inner_text("body")
    await browser.page.wait_for_timeout(200)
    assert browser.elsewhere == []
    assert frame.url == f"{ADDRESS}/inbox/1700000001.hostile/frame"
    assert not [it for it in browser.said if it in ("1", "2")]
    logo = await frame.evaluate("document.querySelector('[alt=logo]').naturalWidth")
    assert logo == 1
