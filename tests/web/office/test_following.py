"""A page whose numbers move shows them without being loaded again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accounts.rights import Right
from mailer.campaign import lifecycle
from mailer.campaign.finding import find_campaign
from mailer.models import CampaignState
from pli.keys import Keys
from tests import axe
from tests import factories as make
from tests.web.office.gallery import enter
from tests.web.office.served import Street, a_street
from web.office import sending_page

STILL_ON = "() => document.activeElement.getAttribute('href')"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending_page, "REFRESH_SECONDS", 1)


async def a_running_one(street: Street, keys: Keys) -> int:
    now = datetime.now(UTC)
    async with street.town.database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.a_person(session, keys, "jeanne", members, now=now)
        return (await make.a_campaign(session, keys, [members], now=now)).id


@pytest.mark.proof
async def test_the_list_of_sendings_moves_and_the_focus_stays(sqlite_url: str, keys: Keys) -> None:
    async with a_street(sqlite_url, keys) as street:
        campaign_id = await a_running_one(street, keys)
        anne = await street.town.hire("anne", Right.READER)
        async with street.browser() as page:
            await enter(page, street, anne)
            await page.goto(f"{street.url}/office/sendings")
            loads: list[str] = []
            page.on("framenavigated", lambda it: loads.append(it.url))
            await page.get_by_role("link", name="Hold it still").focus()
            assert await axe.violations(page) == []
            async with street.town.database.begin() as session:
                campaign = await find_campaign(session, campaign_id)
                campaign.title = "Another title"
            await page.get_by_text("Another title").first.wait_for()
            assert await page.evaluate(STILL_ON) == "?still"
            assert loads == []


async def test_a_sending_is_followed_by_its_stream_to_its_report(
    sqlite_url: str, keys: Keys
) -> None:
    async with a_street(sqlite_url, keys) as street:
        campaign_id = await a_running_one(street, keys)
        anne = await street.town.hire("anne", Right.READER)
        async with street.browser() as page:
            await enter(page, street, anne)
            await page.goto(f"{street.url}/office/sendings/{campaign_id}")
            assert await axe.violations(page) == []
            async with street.town.database.begin() as session:
                await lifecycle.pause(session, campaign_id=campaign_id)
            await page.get_by_text("paused").first.wait_for()
            async with street.town.database.begin() as session:
                await lifecycle.cancel(session, campaign_id=campaign_id, now=datetime.now(UTC))
            await page.get_by_text("Every copy is accounted for.").wait_for()
            assert CampaignState.CANCELLED.value in (await page.inner_text("main"))


@pytest.mark.proof
async def test_without_javascript_the_page_loads_itself_again(sqlite_url: str, keys: Keys) -> None:
    async with a_street(sqlite_url, keys) as street:
        campaign_id = await a_running_one(street, keys)
        anne = await street.town.hire("anne", Right.READER)
        async with street.browser(java_script_enabled=False) as page:
            await enter(page, street, anne)
            await page.goto(f"{street.url}/office/sendings")
            assert not await page.get_by_role("link", name="Hold it still").is_visible()
            async with page.expect_navigation():
                await page.get_by_role("link", name="Look again").click()
            assert page.url == f"{street.url}/office/sendings"
            await page.goto(f"{street.url}/office/sendings/{campaign_id}")
            async with street.town.database.begin() as session:
                await lifecycle.pause(session, campaign_id=campaign_id)
            await page.get_by_text("Paused").first.wait_for(timeout=20_000)
