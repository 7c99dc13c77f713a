"""The office's pages as a browser shows them; pictures to look at go into build/screenshots."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts import people, sessions
from accounts.factors import Factor
from accounts.models import Account, Stage
from accounts.rights import Right
from mailer.models import CampaignState
from pli.actor import Actor
from pli.keys import Keys
from subscribers import lists
from tests import factories as make
from tests.browser import CONTRASTS, SCREENSHOTS
from tests.factories import ONE_OF_EACH
from tests.web.looking import CROWDED, HEADINGS, LEAVING_THE_SHEET, OVERFLOWING, SMALL_TARGETS
from tests.web.office.mails import invited
from tests.web.office.person import HOSTILE, PASSWORD, Town
from tests.web.office.served import Street, a_street, with_passkeys

pytestmark = pytest.mark.proof

ROOT = Actor.system("root")
WIDTHS = (320, 360, 1280)
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
        self._language = language
        self.faults: list[str] = []

    def _note(self, place: str, found: list[str]) -> None:
        self.faults += [f"{place}: {it}" for it in found]

    async def look(self, name: str) -> None:
        """Judge the page that is shown now."""
        page = self._page
        for probe in (UNNAMED, UNTIED, TWICE):
            self._note(name, await page.evaluate(probe))
        assert await page.evaluate("() => document.documentElement.lang") == self._language
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
                if width != WIDTHS[0]:
                    picture = f"office-{name}-{self._language}-{width}-{scheme}.png"
                    await page.screenshot(path=SCREENSHOTS / picture, full_page=True)


async def furnish(town: Town, keys: Keys) -> int:
    """Sendings to look at; the id of one that is done."""
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
        await make.a_campaign(
            session, keys, [further], of=replace(make.letter(), number=301), now=now
        )
    return done.id


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_every_page_of_the_office_fits_every_screen_and_can_be_read(
    sqlite_url: str, keys: Keys, language: str
) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    locale = {"fr": "fr-FR", "en": "en-GB"}[language]
    async with a_street(sqlite_url, keys, language) as street:
        town, url = street.town, street.url
        sending = await furnish(town, keys)
        olga = await town.hire("olga", Right.OPERATOR, Right.RIGHTS, Right.WHO)
        await town.hire("anne", Right.SENDER)
        path = await invited(town, "bruno", Right.READER)
        async with town.database.begin() as session:
            for row in await people.everybody(session):
                row.language = language
        async with street.browser(locale=locale) as page:
            gallery = Gallery(page, language)
            await with_passkeys(page)
            for name, place in (
                ("sign-in", "/office/sign-in"),
                ("ask-link", "/office/link"),
                ("link", path),
                ("link-over", "/office/link/nothing"),
                ("parts", "/office/house"),
                ("not-there", "/office/nothing"),
            ):
                await page.goto(url + place)
                await gallery.look(name)
            await page.goto(f"{url}/office/sign-in")
            await submit(page, "form[action$='/sign-in']")
            await gallery.look("sign-in-wrong")
            await page.goto(f"{url}/office/sign-in")
            await page.locator("#address").fill("anne@example.org")
            await page.locator("#password").fill(PASSWORD)
            await submit(page, "form[action$='/sign-in']")
            await gallery.look("enrol")
            await submit(page, "form[action$='/enrol/app']")
            await gallery.look("app")
            await page.goto(f"{url}/office/enrol")
            await page.locator("#passkey-name").fill("Téléphone")
            await submit(page, "form[action$='/enrol/passkey']")
            await gallery.look("codes")
            assert not gallery.faults, "\n".join(gallery.faults)
        async with street.browser(locale=locale) as page:
            gallery = Gallery(page, language)
            await page.goto(f"{url}/office/sign-in")
            await page.locator("#address").fill("anne@example.org")
            await page.locator("#password").fill(PASSWORD)
            await submit(page, "form[action$='/sign-in']")
            await gallery.look("second")
            await enter(page, street, olga)
            for name, place in (
                ("sendings", "/office/campaigns?still"),
                ("report", f"/office/report/{sending}"),
                ("accounts", "/office/accounts"),
                ("account", f"/office/accounts/{olga.id + 1}"),
                ("audit", "/office/audit"),
                ("looked", "/office/looked"),
                ("me", "/office/me"),
                ("confirm", "/office/confirm"),
            ):
                await page.goto(url + place)
                await gallery.look(name)
            await page.goto(f"{url}/office/accounts")
            await submit(page, "form[action$='/accounts']")
            await gallery.look("accounts-wrong")
            await page.goto(f"{url}/office/me")
            await page.context.clear_cookies()
            await submit(page, "form[action$='/me']")
            await gallery.look("session-over")
            assert not gallery.faults, "\n".join(gallery.faults)


async def submit(page: Any, form: str) -> None:
    """Press the button of a form, and wait for the page behind it."""
    async with page.expect_navigation():
        await page.locator(f"{form} button").first.click()


async def test_hostile_names_run_nothing_and_load_nothing(sqlite_url: str, keys: Keys) -> None:
    async with a_street(sqlite_url, keys) as street:
        town, url = street.town, street.url
        now = datetime.now(UTC)
        async with town.database.begin() as session:
            bad = await lists.create(session, name="membres", title=HOSTILE, now=now)
            await make.a_person(session, keys, "jeanne", bad, now=now)
            hostile = replace(make.letter(), title=HOSTILE, subject=HOSTILE)
            sending = await make.a_campaign(session, keys, [bad], of=hostile, now=now)
        olga = await town.hire("olga", Right.OPERATOR, Right.RIGHTS, Right.WHO)
        async with town.database.begin() as session:
            await people.change(
                session,
                account_id=olga.id,
                name=HOSTILE,
                by=Actor.system(HOSTILE),
                now=now + timedelta(seconds=1),
            )
        async with street.browser() as page:
            await enter(page, street, olga)
            for place in (
                "/office/campaigns?still",
                f"/office/report/{sending.id}?still",
                "/office/accounts",
                f"/office/accounts/{olga.id}",
                "/office/audit",
                "/office/me",
                f"/office/sign-in?next={HOSTILE}",
            ):
                await page.goto(url + place)
                assert await page.locator("main h1").count() == 1, place
                assert await page.locator("img, main script").count() == 0, place
