"""The report as one page, on both databases."""

from __future__ import annotations

import re
from datetime import datetime
from html.parser import HTMLParser

import pytest
from sqlalchemy import update

from mailer.models import Campaign, Status
from mailer.report import html_page, summary
from mailer.report.timeline import timeline
from pli.database import Database
from tests import factories as make
from tests.factories import GREYLISTED, QUEUED, Copy

VOID = {"meta", "br", "hr", "img", "input", "link", "rect"}


class Outline(HTMLParser):
    """Collects the tags of a page, and checks that each is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag


async def the_page(database: Database, campaign_id: int, language: str = "en") -> str:
    async with database.reading() as session:
        report = await summary.report(session, campaign_id)
        return await html_page.render(session, report, language=language)


async def test_the_page_tells_numbers_reasons_and_the_relays_answers(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, now=now)
    page = await the_page(database, campaign.id)
    for said in (
        "Every copy is accounted for.",
        "Had left the list before this sending.",
        "The mailbox is full.",
        "552 5.2.2 Mailbox full",
        "Left the list during the sending, before this copy went out.",
        "nobody can know whether this copy left",
    ):
        assert said in page, said


async def test_the_page_stands_alone_and_runs_nothing(database: Database, now: datetime) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, now=now)
    page = await the_page(database, campaign.id)
    outline = Outline(page)
    assert not outline.open
    assert outline.tags.count("h1") == 1
    assert not {"script", "link", "img", "iframe"} & set(outline.tags)
    assert not re.search(r"https?://|url\(|@import|style=", page)


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_the_page_says_its_language(database: Database, now: datetime, language: str) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, now=now)
    assert f'<html lang="{language}"' in await the_page(database, campaign.id, language)


async def test_what_others_wrote_is_shown_and_never_obeyed(
    database: Database, now: datetime
) -> None:
    rude = Copy(Status.FAILED, "other", ((554, "5.0.0", "<script>alert(1)</script>"),))
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, (rude,), now=now)
        await session.execute(update(Campaign).values(title='"><img src=x onerror=alert(1)>'))
    page = await the_page(database, campaign.id)
    assert "&lt;script&gt;alert(1)" in page
    assert not {"script", "img"} & set(Outline(page).tags)


async def test_a_sum_that_is_not_right_is_told_on_the_page(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, now=now)
        await session.execute(update(Campaign).values(excluded={}))
    page = await the_page(database, campaign.id)
    assert "The sum is not right." in page
    assert "Every copy is accounted for." not in page


async def test_a_campaign_without_copies_has_a_page(database: Database, now: datetime) -> None:
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, (), now=now)
    assert not Outline(await the_page(database, campaign.id)).open


async def test_tries_fall_into_their_stretch_of_time(database: Database, now: datetime) -> None:
    copies = (Copy(Status.SENT, None, (GREYLISTED, QUEUED)),) * 3
    async with database.begin() as session:
        campaign = await make.a_campaign_with(session, copies, now=now)
    async with database.reading() as session:
        over_time = await timeline(session, campaign.id)
    assert over_time is not None
    assert over_time.seconds == 2
    assert over_time.busiest == 3
    assert over_time.stretches[0] == {"deferred": 3}
    assert over_time.stretches[30] == {"sent": 3}
    assert len(over_time.stretches) == 31
