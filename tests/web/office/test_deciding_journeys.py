"""A letter's way in a real browser: by the keyboard alone, without JavaScript, and two at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.rights import Right
from mailer.models import Campaign, CampaignState
from pli.actor import Actor
from pli.keys import Keys
from tests.web.office.deciding import a_draft_of, an_office_that_sends
from tests.web.office.gallery import enter, submit
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof

NAMED = """
() => { const it = document.activeElement;
  return (it.labels?.[0]?.textContent || it.getAttribute('aria-label') || it.textContent).trim() }
"""


TYPED_ON = """
() => {
  document.querySelector("#rule").dispatchEvent(new Event("input", { bubbles: true }));
  return document.querySelector("#rule-proposals").hidden;
}
"""
"""Whether the proposals go away at once when somebody types on."""


async def tab_to(page: Any, name: str) -> None:
    """Press Tab until something of that name has the focus, as who uses no mouse does."""
    for _ in range(80):
        if (await page.evaluate(NAMED)).startswith(name):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"no way to {name} by the keyboard")


async def press(page: Any, name: str, key: str = "Enter") -> None:
    """Go to a button or a link by Tab, and press it."""
    await tab_to(page, name)
    async with page.expect_navigation():
        await page.keyboard.press(key)


async def a_letter(street: Street) -> tuple[Any, int, str]:
    """Somebody who alone decides, and a draft of three people."""
    anne = await street.town.hire("anne", Right.AUTHOR, Right.SENDER)
    campaign, _ = await a_draft_of(
        street.town.database,
        street.town.keys,
        Actor.account(anne.id, anne.name),
        now=datetime.now(UTC),
    )
    return anne, campaign.id, f"{street.url}/office/sendings/{campaign.id}"


async def state_of(street: Street, campaign_id: int) -> CampaignState:
    async with street.town.database.reading() as session:
        return (await session.get_one(Campaign, campaign_id)).state


async def test_the_whole_way_by_the_keyboard_alone(sqlite_url: str, keys: Keys) -> None:
    rules = an_office_that_sends(keys=keys, two=False, above=2)
    async with a_street(sqlite_url, keys, rules=rules) as street:
        anne, campaign_id, path = await a_letter(street)
        async with street.browser(viewport={"width": 320, "height": 700}) as page:
            await enter(page, street, anne)
            await page.goto(path)
            await press(page, "For whom")
            await page.locator("#numbers .total").wait_for()
            await tab_to(page, "Of these")
            await page.keyboard.type("those for whom")
            await tab_to(page, "Rule")
            await page.keyboard.type("li")
            await page.locator("[role=option]").first.wait_for()
            await page.keyboard.press("Escape")
            assert await page.locator("#rule-proposals").is_hidden(), "Escape closes the proposals"
            assert await page.locator("#rule").input_value() == "li", "and loses no text"
            await page.keyboard.press("ArrowDown")
            await page.locator("[role=option]").first.wait_for()
            await page.keyboard.press("ArrowDown")
            assert await page.locator("[role=option][aria-selected=true]").inner_text() == "list"
            await page.keyboard.press("Enter")
            await page.keyboard.type("= mem")
            await page.get_by_role("option", name="membres").wait_for()
            assert await page.evaluate(TYPED_ON), "what was proposed for less text cannot be taken"
            await page.get_by_role("option", name="membres").wait_for()
            await page.keyboard.press("ArrowDown")
            await page.keyboard.press("Enter")
            assert await page.locator("#rule").input_value() == "list = membres "
            await press(page, "Keep this")
            assert "It is kept for whom this letter is." in await page.inner_text("main")
            for _ in range(4):
                if not await page.locator("form[action$='/tick']").count():
                    break
                await press(page, "Let pass")
            await press(page, "Go on to the approval")
            await press(page, "Release")
            await press(page, "Go on")
            await tab_to(page, "Type how many people get it")
            await page.keyboard.type("3")
            await press(page, "Send it to 3 people")
            assert await state_of(street, campaign_id) is CampaignState.SCHEDULED
            first = int(await page.inner_text("[role=timer]"))
            await page.wait_for_function(
                f"() => Number(document.querySelector('[role=timer]').textContent) < {first}"
            )
            await press(page, "Stop: send nothing")
            assert await state_of(street, campaign_id) is CampaignState.DRAFT


async def test_the_whole_way_without_javascript_and_by_two_at_once(
    sqlite_url: str, keys: Keys
) -> None:
    rules = an_office_that_sends(keys=keys, two=False)
    async with a_street(sqlite_url, keys, rules=rules) as street:
        anne, campaign_id, path = await a_letter(street)
        bruno = await street.town.hire("bruno", Right.SENDER)
        async with (
            street.browser(java_script_enabled=False) as page,
            street.browser() as other,
        ):
            await enter(page, street, anne)
            await enter(other, street, bruno)
            await page.goto(f"{path}/who")
            await page.locator("summary").click()
            await page.locator("#without_rule").fill('email = "p001@example.org"')
            await page.get_by_role("button", name="Count").click()
            assert "2 people get it as things stand" in await page.inner_text("#numbers")
            await page.get_by_role("button", name="Keep this").click()
            while await page.locator("form[action$='/tick'] button").count():
                await page.locator("form[action$='/tick'] button").first.click()
            for each in (page, other):
                await each.goto(f"{path}/release?when=now")
                assert "Send it to 2 people" in await each.inner_text("main")
            await page.get_by_role("button", name="Send it to 2 people").click()
            assert "seconds until the first copy" in await page.inner_text("main")
            await submit(other, "form[action$='/release']")
            assert "Anne has released campaign" in await other.inner_text("main")
            await page.get_by_role("button", name="Stop: send nothing").click()
            assert "It is stopped: nothing was sent." in await page.inner_text("main")
            assert await state_of(street, campaign_id) is CampaignState.DRAFT
