"""One letter's way through the office: in real browsers, in French, by the keyboard alone.

`pli serve` runs as users have it, sends by a relay of the test's, and is killed in the middle.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts import sessions
from accounts.factors import Factor
from accounts.models import Account, Stage
from accounts.rights import Right
from mailer.letter.drafts import making
from pli.actor import Actor
from pli.database import Database
from subscribers import lists
from tests import axe
from tests import factories as make
from tests.browser import SCREENSHOTS, how_to_launch
from tests.journeys.installation import Installation
from tests.relay import Received, Relay
from tests.waiting import until_true
from tests.web.office.hands import Hands, Way

pytestmark = [pytest.mark.proof, pytest.mark.timeout(400)]

COPIES = 120
FRENCH = Way("fr", mouse=False)
ON_TELEPHONE = Way("fr", width=320, mouse=False)
WITHOUT_SCRIPT = Way("fr", mouse=False, script=False)


@dataclass
class Office:
    """The office of an installation, and the browser in which people come."""

    installation: Installation
    chromium: Any
    accounts: dict[str, Account]
    cookies: dict[str, Any]

    @asynccontextmanager
    async def browser(self, name: str, way: Way) -> AsyncIterator[Hands]:
        """A browser of its own, of somebody who is in."""
        context = await self.chromium.new_context(**way.options)
        await context.add_cookies([self.cookies[name]])
        page = await context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda it: faults.append(str(it)))
        yield Hands(page, way)
        await context.close()
        assert faults == []

    def at(self, path: str) -> str:
        """The address of a page."""
        return f"{self.installation.public_url}/office{path}"


async def people(installation: Installation) -> tuple[dict[str, Account], dict[str, Any], int]:
    """An author and two senders, their cookies, and the number of a manuscript."""
    now = datetime.now(UTC)
    rights = {
        "anne": (Right.AUTHOR,),
        "bruno": (Right.SENDER,),
        "carla": (Right.SENDER, Right.WHO),
    }
    database = Database(f"sqlite+aiosqlite:///{installation.folder}/pli.db")
    try:
        async with database.begin() as session:
            accounts, cookies = {}, {}
            for name, granted in rights.items():
                account = await make.an_account(session, name, *granted, now=now)
                account.language = "fr"
                opened = await sessions.open_(
                    session, account_id=account.id, stage=Stage.WHOLE, proved={Factor.PASSKEY},
                    browser="", now=now,
                )  # fmt: skip
                accounts[name] = account
                cookies[name] = {
                    "name": "pli_office",
                    "value": opened.secret,
                    "url": f"{installation.public_url}/office",
                }
            members = next(it for it in await lists.everything(session) if it.name == "comite")
            new = await making.proposed(
                session,
                list_id=members.id,
                given={
                    "language": "fr",
                    "number": "7",
                    "title": "La séance de novembre",
                    "subject": "Lettre n° 7 : la séance de novembre et ses trois avis",
                    "preheader": "Ce qui a été dit et voté pendant la séance plénière du mois",
                },
                now=now,
            )
            draft_id = await making.create(
                session,
                list_id=members.id,
                top=new.head,
                body="# La séance\n\nLa réunion est le 3.\n",
                by=Actor.account(accounts["anne"].id, "Anne"),
                now=now,
            )
        return accounts, cookies, draft_id
    finally:
        await database.close()


def test_a_letter_goes_its_whole_way_through_the_office(
    installation: Installation, relay: Relay
) -> None:
    # Slow enough to be paused and killed under way; mails to the office are not held up.
    relay.delay_of = lambda recipient: 2.5 if recipient.startswith("p0") else 0.0
    installation.set("second_person = true", "grace_seconds = 60")
    installation.members(COPIES)
    asyncio.run(_walked(installation, relay))
    report = installation.pli("report", "1", "--json").json
    assert report["balanced"]
    assert report["candidates"] == COPIES
    assert report["excluded"] == {"set_aside": 1}
    assert report["sent"] + report["uncertain"] == COPIES - 1
    to_members = {it: n for it, n in relay.recipients.items() if it.startswith("p0")}
    assert max(to_members.values()) == 1, "nobody got two"
    assert "p0005@example.org" not in to_members, "who was set aside"
    copies = [it for it in relay.received if it.recipient in to_members]
    for it in copies:
        assert "lundi" in _text(it), "what was approved, and not what was before"


async def _walked(installation: Installation, relay: Relay) -> None:
    from playwright.async_api import async_playwright

    accounts, cookies, draft_id = await people(installation)
    async with async_playwright() as playwright, AsyncExitStack() as stack:
        chromium = await playwright.chromium.launch(**how_to_launch())
        office = Office(installation, chromium, accounts, cookies)
        with installation.serving() as server:
            anne = await stack.enter_async_context(office.browser("anne", ON_TELEPHONE))
            bruno = await stack.enter_async_context(office.browser("bruno", FRENCH))
            await _chosen_and_checked(office, anne, draft_id)
            await _asked(anne)
            await _sent_back(office, relay, bruno)
            await _changed(office, anne)
            await _approved(office, relay, bruno)
            await _stopped_in_its_minute(bruno, relay)
            await _released_at_an_hour(bruno)
            watchers = [
                await stack.enter_async_context(office.browser(name, way))
                for name, way in (
                    ("carla", FRENCH),
                    ("carla", ON_TELEPHONE),
                    ("bruno", WITHOUT_SCRIPT),
                )
            ]
            for it in watchers:
                await it.page.goto(office.at("/sendings/1"))
            await _watched_and_paused(bruno, watchers, relay)
            before = len(_copies(relay))
            await bruno.follow("Let it go on")
            await bruno.press("Let it go on")
            await until_true(lambda: len(_copies(relay)) > before + 5)
            server.kill()
            server.wait()
        for it in watchers[:2]:
            await it.page.locator("[data-lost]").wait_for(state="visible", timeout=30_000)
        with installation.serving():
            await _came_back(watchers[2], office.at("/sendings/1"))
            for it in watchers:
                await it.page.get_by_text(it.said("Every copy is accounted for.")).wait_for(
                    timeout=120_000
                )
            await _reported(office, watchers[0])
            await _told_of_the_end(relay)
        await stack.aclose()
        await chromium.close()


async def _came_back(hands: Hands, url: str) -> None:
    """Open a page by its address, in a browser that perhaps loads it anew by itself at that moment.

    Chromium gives up a page that is asked for while another is on its way.
    """
    from playwright.async_api import Error

    async def is_there() -> bool:
        try:
            await hands.page.goto(url)
        except Error:
            return False
        return True

    await until_true(is_there)


def _copies(relay: Relay) -> list[str]:
    return [it.recipient for it in relay.received if it.recipient.startswith("p0")]


def _text(mail: Received) -> str:
    """The plain text of a mail."""
    part = mail.message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


async def _mail_to(relay: Relay, name: str, words: str) -> str:
    """The text of a mail to somebody of the office that holds these words, once it has come."""
    found: list[str] = []

    def is_there() -> bool:
        of_name = [it for it in relay.received if it.recipient == f"{name}@example.org"]
        found[:] = [_text(it) for it in of_name]
        return any(words in it for it in found)

    await until_true(is_there, 30)
    return next(it for it in found if words in it)


async def _looked_at(hands: Hands, name: str) -> None:
    """A picture of the page, which axe-core finds nothing wrong with."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await hands.page.screenshot(path=SCREENSHOTS / f"way-{name}.png", full_page=True)
    assert await axe.violations(hands.page) == [], name


async def _chosen_and_checked(office: Office, anne: Hands, draft_id: int) -> None:
    """The author sends her manuscript, sets somebody aside, and lets warnings pass."""
    page = anne.page
    await page.goto(office.at(f"/letters/{draft_id}"))
    await page.locator("#editor").wait_for()
    await anne.press("Send this manuscript")
    assert page.url.endswith("/sendings/1/who")
    await page.locator("#numbers .total").wait_for()
    await anne.toggle("summary", "Set people aside")
    await anne.fill("For whom this rule holds gets nothing", 'email = "p0005@example.org"')
    await page.keyboard.press("Escape")
    await page.locator("#numbers .total", has_text=str(COPIES - 1)).wait_for()
    await _looked_at(anne, "who")
    await anne.press("Keep this")
    assert page.url.partition("?")[0].endswith("/check")
    await _looked_at(anne, "check")
    await _let_pass(anne)


async def _let_pass(hands: Hands) -> None:
    """Let each warning pass, one by one."""
    form = hands.page.locator("form[action$='/tick'] button")
    while await form.count():
        await hands.use("button", str(await form.first.get_attribute("aria-label")))
    assert await hands.page.locator(".findings .stops").count() == 0


async def _asked(anne: Hands) -> None:
    await anne.follow("Go on to the approval")
    await _looked_at(anne, "approve-own")
    await anne.fill("Whom to ask", "Bruno")
    await anne.fill("A word to them", "Peux-tu la lire ?")
    await anne.press("Ask by mail")


async def _sent_back(office: Office, relay: Relay, bruno: Hands) -> None:
    """The one who is asked comes by the mail's link, and sends the letter back."""
    text = await _mail_to(relay, "bruno", "Peux-tu la lire ?")
    link = office.at("/sendings/1/approve")
    assert link in text
    assert "La réunion est le 3" not in text, "a link, and not the letter"
    await bruno.page.goto(office.at("/"))
    waits = bruno.page.locator("main ul.things").first
    assert "Anne" in await waits.inner_text(), "asked by name"
    await _looked_at(bruno, "overview")
    await bruno.page.goto(link)
    await _looked_at(bruno, "approve")
    await bruno.toggle("summary", "Send it back with remarks")
    await bruno.fill("What is to be changed in the whole", "Presque.")
    await bruno.toggle("summary", "La réunion est le 3.")
    await bruno.page.locator("textarea[name^=remark-]:visible").fill("La réunion est lundi.")
    await _looked_at(bruno, "approve-remarks")
    await bruno.press("Send it back")


async def _changed(office: Office, anne: Hands) -> None:
    """The author finds the remark, writes the letter anew, and sends it the same way."""
    page = anne.page
    await page.goto(office.at("/"))
    await anne.follow("Letter {number} was sent back to you.", number=7)
    assert "La réunion est lundi." in await page.inner_text("main")
    await _looked_at(anne, "sent-back")
    await anne.follow("Change the manuscript")
    await page.locator("#editor").wait_for()
    beside = page.locator(".found-note.remark + *")
    assert "La réunion est le 3." in await beside.inner_text(), "beside the block"
    await page.locator("#editor").focus()
    await page.keyboard.press("ControlOrMeta+End")
    await page.keyboard.press("Enter")
    await page.keyboard.type("Elle est lundi.")
    # At once, before it is saved by itself: what is typed goes with it.
    await anne.press("Send this manuscript")
    assert page.url.partition("?")[0].endswith("/sendings/1")
    await page.goto(office.at("/sendings/1/check"))
    await _let_pass(anne)
    await _asked(anne)


async def _approved(office: Office, relay: Relay, bruno: Hands) -> None:
    page = bruno.page
    await page.goto(office.at("/sendings/1/approve"))
    frame = page.frame_locator("iframe.letter").first
    await frame.get_by_text("Elle est lundi.").wait_for()
    await bruno.press("Send a test copy to me")
    await _mail_to(relay, "bruno", "Elle est lundi.")
    await bruno.press("Approve this")


async def _stopped_in_its_minute(bruno: Hands, relay: Relay) -> None:
    """Released, and taken back before the first copy."""
    page = bruno.page
    await bruno.follow("Release")
    await _looked_at(bruno, "release")
    await bruno.press("Go on")
    await _looked_at(bruno, "release-last")
    said = await page.inner_text("main")
    assert str(COPIES - 1) in said
    await bruno.use("button", f"L’envoyer à {COPIES - 1} personnes")
    first = int(await page.inner_text("[role=timer]"))
    assert 30 < first <= 60
    await page.wait_for_function(
        f"() => Number(document.querySelector('[role=timer]').textContent) < {first}"
    )
    await _looked_at(bruno, "countdown")
    await bruno.press("Stop: send nothing")
    assert bruno.said("It is stopped: nothing was sent.") in await page.inner_text("main")
    assert _copies(relay) == []


async def _released_at_an_hour(bruno: Hands) -> None:
    """Released again, at an hour; an approval is not lost by a stop."""
    await bruno.follow("Release")
    await bruno.page.keyboard.press("Tab")
    await bruno.toggle("input", "Now, after %(time)s to think", time="1 minute")
    await bruno.page.keyboard.press("ArrowDown")
    at = datetime.now(UTC) + timedelta(seconds=25)
    await bruno.fill("The hour", f"{at:%Y-%m-%d %H:%M:%S}+00:00")
    await bruno.press("Go on")
    assert f"à {at.hour} h" in await bruno.page.inner_text("main")
    await bruno.use("button", f"L’envoyer à {COPIES - 1} personnes")
    assert await bruno.page.locator("[role=timer]").count() == 1


async def _watched_and_paused(bruno: Hands, watchers: list[Hands], relay: Relay) -> None:
    """Each browser comes from the hour to the sending by itself, and hears of the pause."""
    for it in (bruno, *watchers):
        await it.page.locator(".live").wait_for(timeout=90_000)
    await until_true(lambda: len(_copies(relay)) > 5, 60)
    await _looked_at(watchers[0], "watching")
    await bruno.follow("Pause")
    await bruno.fill("Why", "On relit une phrase.")
    await bruno.press("Pause")
    for it in watchers:
        await it.page.get_by_text("On relit une phrase.").wait_for(timeout=30_000)
    await _looked_at(watchers[1], "paused")
    await bruno.page.reload()


async def _reported(office: Office, carla: Hands) -> None:
    """Did she get it, and the page for paper."""
    page = carla.page
    await page.goto(office.at("/sendings/1"))
    said = await page.inner_text("main")
    for words in ("On relit une phrase.", "Bruno", "Anne"):
        assert words in said, words
    await _looked_at(carla, "report")
    await carla.fill("Did this person get it? Write the address", "p0007@example.org")
    await carla.press("Ask")
    await page.get_by_text("Essai 1").wait_for()
    await _looked_at(carla, "story")
    await carla.fill("Did this person get it? Write the address", "p0005@example.org")
    await carla.press("Ask")
    await page.get_by_text("Non. A été mis à part").wait_for()
    await _looked_at(carla, "story-set-aside")
    await page.goto(office.at("/sendings/1/paper"))
    assert "@example.org" not in await page.inner_text("main")
    pdf = await page.pdf(path=SCREENSHOTS / "way-paper.pdf", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")


async def _told_of_the_end(relay: Relay) -> None:
    """Who released it hears that it is over, with numbers that balance."""
    text = await _mail_to(relay, "bruno", f"{COPIES} candidats = ")
    assert "/office/sendings/1" in text
