"""A sending is watched, paused, resumed and reported in real browsers, against a real relay."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, update

from accounts import people
from accounts.models import Account
from accounts.rights import Right
from mailer.campaign import lifecycle
from mailer.engine.relay_watch import Patience
from mailer.models import Batch, CampaignState
from mailer.notices.trouble_mail import Office
from pli.actor import Actor
from pli.keys import Keys
from pli.tables import Chore, ChoreState
from tests import axe
from tests import factories as make
from tests.browser import SCREENSHOTS
from tests.mailer.engine.running import state_of, working
from tests.relay import Received, Relay
from tests.waiting import until_true
from tests.web.client import LOCAL_IDENTITY
from tests.web.office.gallery import enter
from tests.web.office.served import Street, a_street

pytestmark = pytest.mark.proof

COPIES = 240
EFFECTIVE = 2.0


@pytest.fixture
async def street(sqlite_url: str, keys: Keys) -> AsyncIterator[Street]:
    async with a_street(sqlite_url, keys) as street:
        yield street


async def released(street: Street, anne: Account, copies: int) -> int:
    """A sending that Anne has started."""
    now = datetime.now(UTC)
    by = Actor.account(anne.id, anne.name)
    async with street.town.database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, street.town.keys, members, copies, now=now)
        campaign = await make.a_campaign(
            session, street.town.keys, [members], now=now, batch_size=40, started=False
        )
        await lifecycle.start(session, campaign_id=campaign.id, by=by, now=now)
    return campaign.id


def told(street: Street) -> Patience:
    """Who released a sending is told of its end."""
    return Patience(office=Office((), LOCAL_IDENTITY, "en", "Europe/Paris", street.url))


@pytest.mark.parametrize(
    ("language", "says"), [("fr", "n’a pas pu être clos (DBAPIError)"), ("en", "not be closed")]
)
async def test_a_sending_that_cannot_be_closed_says_so_on_its_page(
    language: str, says: str, sqlite_url: str, keys: Keys
) -> None:
    async with a_street(sqlite_url, keys, language) as street:
        anne = await street.town.hire("anne", *Right)
        campaign_id = await released(street, anne, 12)
        now = datetime.now(UTC)
        async with street.town.database.begin() as session:
            (await people.by_id(session, anne.id)).language = language
            await session.execute(update(Batch).values(pending=0, sent=Batch.pending))
            await session.execute(
                insert(Chore).values(
                    kind="finish", row_id=campaign_id, state=ChoreState.HELD, due_at=now, tries=6,
                    code="DBAPIError", offered_at=now,
                )
            )  # fmt: skip
        async with street.browser(locale=language) as page:
            await page.set_viewport_size({"width": 320, "height": 640})
            await enter(page, street, anne)
            await page.goto(f"{street.url}/office/sendings/{campaign_id}")
            await page.get_by_text(says).wait_for()
            assert await axe.violations(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth") <= 320
            await page.screenshot(path=SCREENSHOTS / f"not-closed-{language}.png", full_page=True)


async def sent(page: Any) -> int:
    """How many copies the page says are sent."""
    shown = page.locator(".figures div", has=page.locator("dt:has(.sent)")).locator("dd")
    return int((await shown.inner_text()).replace(",", ""))


async def test_a_sending_is_watched_in_three_browsers_paused_resumed_reported_and_printed(
    street: Street,
) -> None:
    anne = await street.town.hire("anne", *Right)
    with Relay(delay=0.1).running() as relay:
        async with AsyncExitStack() as stack:
            pages = [
                await stack.enter_async_context(street.browser(java_script_enabled=script))
                for script in (True, True, False)
            ]
            campaign_id = await released(street, anne, COPIES)
            at = f"{street.url}/office/sendings/{campaign_id}"
            for page in pages:
                await enter(page, street, anne)
                await page.goto(at)
            async with working(street.town.database, street.town.keys, relay.url):
                first = pages[0]
                for page in pages:
                    await until_true(lambda page=page: _moved(page))
                await first.get_by_role("link", name="Pause", exact=True).click()
                assert await axe.violations(first) == []
                await first.get_by_label("Why").fill("The date is wrong.")
                async with first.expect_request("**/pause"):
                    await first.get_by_role("button", name="Pause", exact=True).click()
                pressed = time.monotonic()
                await first.get_by_text("This is done").wait_for()
                for page in pages:
                    await page.get_by_text("The date is wrong.").wait_for(timeout=30_000)
                    if page is not pages[2]:  # which loads itself again meanwhile
                        assert await axe.violations(page) == []
                arrivals = len(relay.received)
                late = [it for it in relay.arrivals() if it > pressed + EFFECTIVE + relay.lag]
                assert late == [], "a pause takes effect within two seconds"
                await first.get_by_role("link", name="Let it go on").first.click()
                await first.get_by_role("button", name="Let it go on").click()
                await until_true(lambda: len(relay.received) > arrivals)
                for page in pages:
                    await page.get_by_text("Every copy is accounted for.").wait_for(timeout=90_000)
            assert sum(relay.recipients.values()) == COPIES, "nobody got two"
            page = pages[1]
            assert "The date is wrong." in await page.inner_text("main")
            await page.get_by_label("Did this person get it?").fill("p007@example.org")
            await page.get_by_role("button", name="Ask").click()
            await page.get_by_text("Yes, as far as one can know").wait_for()
            await page.get_by_text("Try 1: 127.0.0.1").first.wait_for()
            await page.goto(f"{at}/paper")
            assert "@example.org" not in (await page.inner_text("main"))
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            pdf = await page.pdf(path=SCREENSHOTS / "paper.pdf", prefer_css_page_size=True)
            assert pdf.startswith(b"%PDF")
            assert b"/MediaBox [0 0 594.95" in pdf or b"/MediaBox [0 0 595" in pdf, "A4"


async def _moved(page: Any) -> bool:
    return await sent(page) > 0


async def test_a_relay_that_refuses_what_we_are_pauses_the_sending_which_says_how_to_go_on(
    street: Street,
) -> None:
    anne = await street.town.hire("anne", *Right)
    refuses = True

    def script(stage: str, recipient: str, times: int) -> str | None:
        del times
        is_letter = stage == "rcpt" and recipient != "anne@example.org"
        return "550 5.7.1 <b>we do not like you</b>" if refuses and is_letter else None

    with Relay(script=script).running() as relay:
        campaign_id = await released(street, anne, 30)
        async with (
            street.browser() as page,
            working(street.town.database, street.town.keys, relay.url, patience=told(street)),
        ):
            await enter(page, street, anne)
            await page.goto(f"{street.url}/office/sendings/{campaign_id}")
            await page.get_by_text("This sending has paused by itself").wait_for(timeout=60_000)
            assert await axe.violations(page) == []
            assert "<b>we do not like you</b>" in await page.inner_text("main")
            paused: list[Received] = []

            def is_told_of_the_pause() -> bool:
                paused[:] = [it for it in relay.received if it.recipient == "anne@example.org"]
                return bool(paused)

            await until_true(is_told_of_the_pause)
            assert "paused" in paused[0].message["Subject"]
            assert f"{street.url}/office/sendings/{campaign_id}" in paused[0].message.get_content()
            refuses = False
            await page.get_by_role("alert").get_by_role("link", name="Let it go on").click()
            await page.get_by_label("Send the copies again").check()
            await page.get_by_role("button", name="Let it go on").click()
            await page.get_by_text("Every copy is accounted for.").wait_for(timeout=60_000)
            mails: list[Received] = []

            def is_told() -> bool:
                mails[:] = [it for it in relay.received if it.recipient == "anne@example.org"]
                return any("is sent" in it.message["Subject"] for it in mails)

            await until_true(is_told)
    assert await state_of(street.town.database, campaign_id) is CampaignState.FINISHED
    subjects = [it.message["Subject"] for it in mails]
    assert "Pli: letter 294 is sent" in subjects
    text = mails[-1].message.get_content()
    assert f"{street.url}/office/sendings/{campaign_id}" in text
    assert "30 candidates = 30 sent" in text
