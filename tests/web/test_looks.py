"""The pages as a browser shows them; pictures to look at go into build/screenshots."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mailer.campaign import lifecycle
from mailer.links import Links
from mailer.models import CampaignState, Delivery, Status
from mailer.report import html_page, summary
from pli.database import Database
from pli.keys import Keys
from pli.language import Sentence
from tests import axe
from tests import factories as make
from tests.browser import CONTRASTS, SCREENSHOTS, how_to_launch
from tests.factories import (
    GREYLISTED,
    MAILBOX_FULL,
    ONE_OF_EACH,
    QUEUED,
    UNKNOWN_USER,
    Copy,
)
from tests.web.client import LOCAL_IDENTITY, Options, serving
from tests.web.looking import CROWDED, HEADINGS, LEAVING_THE_SHEET, OVERFLOWING, SMALL_TARGETS
from tests.web.mails import a_mail, maildir, put

pytestmark = pytest.mark.proof

SENDING = (
    *(Copy(Status.SENT, None, (QUEUED,)),) * 180,
    *(Copy(Status.SENT, None, (GREYLISTED, QUEUED)),) * 9,
    *(Copy(Status.FAILED, "unknown_user", (UNKNOWN_USER,)),) * 4,
    *(Copy(Status.FAILED, "mailbox_full", (GREYLISTED, MAILBOX_FULL)),) * 2,
    *(Copy(Status.SKIPPED, "left", (GREYLISTED,)),) * 2,
    *(Copy(Status.UNCERTAIN),) * 1,
    *(Copy(Status.EXCLUDED, "left"),) * 7,
    *(Copy(Status.EXCLUDED, "unconfirmed"),) * 12,
    *(Copy(Status.EXCLUDED, "suppressed"),) * 3,
)

REFUSED = Sentence(
    "{n} of the last {total} copies were refused for what we are: {code} {text}",
    {"n": 12, "total": 20, "code": 550, "text": "5.7.1 " + "https://relay.example.org/" * 4},
)


@pytest.fixture
async def pages(sqlite_url: str, keys: Keys, now: datetime, tmp_path: Path) -> dict[str, str]:
    """The pages to look at, by name, as the server sends them."""
    database = Database(sqlite_url)
    inbox = maildir(tmp_path / "inbox")
    written = make.letter("# Après le comité\n", title="Après le comité")
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        list_id = members.id
        person = await make.a_person(session, keys, "jeanne", now=now)
        await make.a_subscription(session, person.id, list_id, now=now)
        done = await make.a_campaign_with(
            session,
            SENDING,
            now=now,
            list_id=list_id,
            of=written,
            state=CampaignState.FINISHED,
            batch_size=100,
        )
        deep = replace(written, number=293, body="<div>" * 500 + "x")
        await make.a_campaign_with(session, now=now, list_id=list_id, of=deep)
        stopped = await make.a_campaign_with(
            session, ONE_OF_EACH, now=now, list_id=list_id, of=replace(written, number=295)
        )
        await lifecycle.pause(session, campaign_id=stopped.id, reason=REFUSED)
        council = await make.a_list(session, "conseil", now=now)
        further = (council, await make.a_list(session, "fêtes", now=now))
        both = await make.a_person(session, keys, "denise", members, *further, now=now)
        two = await make.a_campaign(
            session, keys, [members, council], of=replace(written, number=296), now=now
        )
        copy = await session.scalar(
            select(Delivery.id).where(
                Delivery.campaign_id == two.id, Delivery.subscriber_id == both.id
            )
        )
    assert copy is not None
    links = Links(keys, LOCAL_IDENTITY.public_url, LOCAL_IDENTITY.domain)
    link = links.unsubscribe(person.id, list_id, 7, keys.current)
    of_two = links.unsubscribe(both.id, list_id, copy, keys.current)
    names = [put(inbox, f"17000000{n:02}.M1P1Q1.x", a_mail(n)) for n in range(60)]
    async with serving(database, keys, now, Options(office=True, inbox=inbox)) as web:
        get = web.client.get
        shown = {
            "home": await get("/"),
            "leave": await get(link),
            "left": await web.client.post(link),
            "left-again": await web.client.post(link),
            "leave-several": await get(of_two),
            "left-one": await web.client.post(of_two),
            "left-several": await web.client.post(of_two, data={"from": "all"}),
            "unknown-link": await get("/u/nothing"),
            "unknown-letter": await get("/l/membres/1"),
            "letter-not-shown": await get("/l/membres/293"),
            "inbox": await get("/inbox/"),
            "mail": await get(f"/inbox/{names[0]}"),
            "mail-text": await get(f"/inbox/{names[0]}/text"),
            "mail-source": await get(f"/inbox/{names[0]}/source"),
        }
    found = {name: answer.text for name, answer in shown.items()}
    async with database.reading() as session:
        for name, id_ in (("report", done.id), ("report-paused", stopped.id)):
            counted = await summary.report(session, id_)
            found[name] = await html_page.render(session, counted, language="fr")
    await database.close()
    return found


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(**how_to_launch())
        yield chromium
        await chromium.close()


@pytest.mark.parametrize("width", [360, 700, 1100])
async def test_every_page_fits_every_screen_and_can_be_read(
    browser: Any, pages: dict[str, str], width: int
) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        context = await browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        asked: list[str] = []
        page = await context.new_page()
        page.on("request", lambda it, asked=asked: asked.append(it.url))
        for name, text in pages.items():
            place = f"{name}, {scheme}"
            await page.set_content(_alone(text))
            assert not await page.evaluate(OVERFLOWING), place
            assert await page.evaluate(LEAVING_THE_SHEET) == [], place
            assert await page.evaluate(CROWDED) == [], place
            assert await page.evaluate(CONTRASTS) == [], place
            assert await page.evaluate(SMALL_TARGETS) == [], place
            assert await axe.violations(page) == [], place
            headings = await page.evaluate(HEADINGS)
            assert headings.count(1) == 1, place
            assert headings[0] == 1, place
            picture = SCREENSHOTS / f"page-{name}-{width}-{scheme}.png"
            await page.screenshot(path=picture, full_page=True)
        assert [it for it in asked if it != "about:srcdoc"] == []
        await context.close()


async def test_the_report_prints(browser: Any, pages: dict[str, str]) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page = await browser.new_page()
    await page.set_content(pages["report"])
    printed = await page.pdf(path=SCREENSHOTS / "report.pdf", format="A4")
    assert printed.startswith(b"%PDF")


def _alone(text: str) -> str:
    """A page without requests of its own: no document for a frame."""
    return re.sub(r'src="/inbox/[^"]+"', 'srcdoc="<p>Bonjour</p>"', text)
