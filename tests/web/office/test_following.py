"""A page whose numbers move shows them without being loaded again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accounts.rights import Right
from mailer.campaign import lifecycle
from pli.keys import Keys
from tests import axe
from tests import factories as make
from tests.web.office.gallery import enter
from tests.web.office.served import a_street
from web.office import sendings

STILL_ON = "() => document.activeElement.getAttribute('href')"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sendings, "REFRESH_SECONDS", 1)


async def test_a_running_sending_is_followed_and_the_focus_stays(
    sqlite_url: str, keys: Keys
) -> None:
    async with a_street(sqlite_url, keys) as street:
        now = datetime.now(UTC)
        async with street.town.database.begin() as session:
            members = await make.a_list(session, "membres", now=now)
            await make.a_person(session, keys, "jeanne", members, now=now)
            campaign = await make.a_campaign(session, keys, [members], now=now)
        anne = await street.town.hire("anne", Right.READER)
        async with street.browser() as page:
            await enter(page, street, anne)
            await page.goto(f"{street.url}/office/sendings/{campaign.id}")
            loads: list[str] = []
            page.on("framenavigated", lambda it: loads.append(it.url))
            await page.get_by_role("link", name="Hold it still").focus()
            assert await axe.violations(page) == []
            async with street.town.database.begin() as session:
                await lifecycle.pause(session, campaign_id=campaign.id)
            await page.get_by_text("paused").first.wait_for()
            assert await page.evaluate(STILL_ON) == "?still"
            assert loads == []


async def test_without_javascript_a_link_looks_again(sqlite_url: str, keys: Keys) -> None:
    async with a_street(sqlite_url, keys) as street:
        now = datetime.now(UTC)
        async with street.town.database.begin() as session:
            members = await make.a_list(session, "membres", now=now)
            await make.a_person(session, keys, "jeanne", members, now=now)
            await make.a_campaign(session, keys, [members], now=now)
        anne = await street.town.hire("anne", Right.READER)
        async with street.browser(java_script_enabled=False) as page:
            await enter(page, street, anne)
            await page.goto(f"{street.url}/office/sendings")
            assert not await page.get_by_role("link", name="Hold it still").is_visible()
            async with page.expect_navigation():
                await page.get_by_role("link", name="Look again").click()
            assert page.url == f"{street.url}/office/sendings"
