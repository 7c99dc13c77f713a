"""Looks at pages of the office in every size and light, and what the pages need to be full."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from accounts import sessions
from accounts.factors import Factor
from accounts.models import Account, Stage
from mailer.campaign import lifecycle
from mailer.campaign.finding import find_campaign
from mailer.models import CampaignState, Delivery
from pli.keys import Keys
from pli.language import Sentence
from subscribers import lists
from subscribers.models import Subscriber
from tests import axe
from tests import factories as make
from tests.browser import CONTRASTS, SCREENSHOTS
from tests.factories import ONE_OF_EACH
from tests.web.looking import CROWDED, HEADINGS, LEAVING_THE_SHEET, OVERFLOWING, SMALL_TARGETS
from tests.web.office.person import PASSWORD, Town
from tests.web.office.served import Street

WIDTHS = (320, 360, 1280)
PICTURED = (320, 1280)
UNNAMED = """
() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')]
  .filter(it => it.offsetParent && !(it.labels?.length || it.getAttribute('aria-label')
    || it.textContent.trim())).map(it => it.outerHTML)
"""
"""Finds what one can use and no screen reader can name."""
UNTIED = """
() => [...document.querySelectorAll('[aria-describedby]')].flatMap(it =>
  it.getAttribute('aria-describedby').split(' ').filter(id => !document.getElementById(id)))
"""
TWICE = """
() => [...document.querySelectorAll('[id]')].map(it => it.id)
  .filter((id, place, all) => all.indexOf(id) !== place)
"""


async def secret_of(town: Town, account: Account, proved: Factor = Factor.PASSKEY) -> str:
    """The cookie of a new session."""
    async with town.database.begin() as session:
        opened = await sessions.open_(
            session,
            account_id=account.id,
            stage=Stage.WHOLE,
            proved={proved},
            browser="Firefox, Linux",
            now=datetime.now(UTC),
        )
    return opened.secret


async def enter(page: Any, street: Street, account: Account) -> None:
    """Let a page be of somebody who is in."""
    await page.context.add_cookies(
        [
            {
                "name": "pli_office",
                "value": await secret_of(street.town, account),
                "url": f"{street.url}/office",
            }
        ]
    )


class Gallery:
    """Looks at a page in every size and light, and takes its pictures."""

    def __init__(self, page: Any, language: str) -> None:
        self._page = page
        self.language = language
        self.faults: list[str] = []

    def _note(self, place: str, found: list[str]) -> None:
        self.faults += [f"{place}: {it}" for it in found]

    async def look(self, name: str) -> None:
        """Judge the page that is shown now."""
        page = self._page
        for probe in (UNNAMED, UNTIED, TWICE):
            self._note(name, await page.evaluate(probe))
        assert await page.evaluate("() => document.documentElement.lang") == self.language
        headings = await page.evaluate(HEADINGS)
        assert headings.count(1) == 1, name
        assert headings[0] == 1, name
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            for scheme in ("light", "dark"):
                # Without it, links would still be on the way from one colour to the other.
                await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                place = f"{name}, {width}, {scheme}"
                self._note(place, ["overflows"] if await page.evaluate(OVERFLOWING) else [])
                for probe in (LEAVING_THE_SHEET, CROWDED, CONTRASTS, SMALL_TARGETS):
                    self._note(place, await page.evaluate(probe))
                self._note(place, await axe.violations(page))
                if width in PICTURED:
                    picture = f"office-{name}-{self.language}-{width}-{scheme}.png"
                    await page.screenshot(path=SCREENSHOTS / picture, full_page=True)


async def furnish(town: Town, keys: Keys) -> tuple[int, int, int]:
    """Sendings to look at: the ids of one that is done, one that runs, and one that is paused."""
    now = datetime.now(UTC)
    async with town.database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        done = await make.a_campaign_with(
            session,
            tuple(it for it in ONE_OF_EACH if it.status.value not in ("pending", "sending")),
            now=now,
            list_id=members.id,
            state=CampaignState.FINISHED,
        )
        further = await lists.create(session, name="autres", title="Autres", now=now)
        await make.a_person(session, keys, "jeanne", further, now=now)
        running, paused = [
            await make.a_campaign(
                session, keys, [further], of=replace(make.letter(), number=number), now=now
            )
            for number in (301, 302)
        ]
        refused = Sentence("refused: {text}", {"text": "5.7.1 " + "https://relay.example.org/" * 4})
        await lifecycle.pause(session, campaign_id=paused.id, reason=refused)
    return done.id, running.id, paused.id


async def every_state(town: Town) -> dict[str, int]:
    """A sending in each state in which it has copies or an hour: their ids by state."""
    now = datetime.now(UTC)
    found = {}
    async with town.database.begin() as session:
        for number, (state, copies) in enumerate(
            {
                CampaignState.RUNNING: ONE_OF_EACH * 3,
                CampaignState.PREPARED: (ONE_OF_EACH[0], *ONE_OF_EACH[3:5]),
                CampaignState.PAUSED: ONE_OF_EACH,
                CampaignState.CANCELLED: ENDED,
                CampaignState.FINISHED: ENDED * 2,
                CampaignState.SCHEDULED: (),
            }.items(),
            410,
        ):
            campaign = await make.a_campaign_with(
                session,
                copies,
                now=now,
                of=replace(make.letter(), number=number),
                list_name=f"l{number}",
                state=state,
            )
            found[state.value] = campaign.id
        campaign = await find_campaign(session, found["scheduled"])
        campaign.scheduled_at, campaign.scheduled_zone = now + timedelta(days=2, hours=3), "UTC"
        campaign.started_at = None
        campaign = await find_campaign(session, found["paused"])
        campaign.reason = {"text": "the relay refuses us: {text}", "values": {"text": HOSTILE}}
    return found


async def an_address_of(town: Town, campaign_id: int) -> str:
    """The address of somebody whose copy failed."""
    async with town.database.reading() as session:
        email = await session.scalar(
            select(Subscriber.email)
            .join(Delivery, Delivery.subscriber_id == Subscriber.id)
            .where(Delivery.campaign_id == campaign_id, Delivery.reason == "mailbox_full")
            .limit(1)
        )
    assert email is not None
    return email


ENDED = tuple(it for it in ONE_OF_EACH if it.status.value not in ("pending", "sending"))
HOSTILE = "550 5.7.1 <b>not you</b> \x1b[31mred\x1b[0m " + "https://relay.example.org/why/" * 4
"""What a relay may say: HTML, the colours of a terminal, and words without an end."""


async def type_in(page: Any, name: str, password: str = PASSWORD) -> None:
    """Sign in by a password, on the sign-in page that is shown."""
    await page.locator("#address").fill(f"{name}@example.org")
    await page.locator("#password").fill(password)
    await submit(page, "form[action$='/sign-in']")


async def submit(page: Any, form: str) -> None:
    """Press the button of a form, and wait for the page behind it."""
    async with page.expect_navigation():
        await page.locator(f"{form} button").first.click()
