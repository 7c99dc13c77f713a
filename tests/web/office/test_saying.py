"""What a screen reader is told of a sending that moves: one sentence now and then."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from accounts.rights import Right
from mailer.models import Batch
from pli.keys import Keys
from tests import factories as make
from tests.waiting import until_true
from tests.web.office.gallery import enter
from tests.web.office.served import a_street

pytestmark = pytest.mark.proof

ANNOUNCED = """
() => [...document.querySelectorAll('[aria-live], [role=status], [role=alert], [role=log]')]
  .map(it => it.textContent.trim()).filter(it => it)
"""
"""What a screen reader says by itself when it changes."""


async def test_a_screen_reader_is_told_one_sentence_every_thirty_seconds(
    sqlite_url: str, keys: Keys
) -> None:
    now = datetime.now(UTC)
    async with a_street(sqlite_url, keys) as street:
        async with street.town.database.begin() as session:
            campaign = await make.a_campaign_with(session, make.ONE_OF_EACH, now=now)
        anne = await street.town.hire("anne", Right.READER)
        async with street.browser() as page:
            await enter(page, street, anne)
            await page.clock.install()
            await page.goto(f"{street.url}/office/sendings/{campaign.id}")
            figures = page.locator(".live dd")

            async def has_moved() -> bool:
                return bool(await page.locator("[data-state]").get_attribute("data-sentence"))

            await until_true(has_moved)
            await page.clock.run_for(25_000)
            assert await page.evaluate(ANNOUNCED) == [], "numbers are not read out"
            await page.clock.run_for(10_000)
            said = await page.evaluate(ANNOUNCED)
            assert said == ["6 of 8 copies are settled, 2 sent; the sending is running."]

            async with street.town.database.begin() as session:
                batch = await session.scalar(select(Batch).where(Batch.pending > 0))
                assert batch is not None
                batch.pending, batch.sent = batch.pending - 1, batch.sent + 1
            await figures.get_by_text("7", exact=True).wait_for()
            await page.clock.run_for(20_000)
            assert await page.evaluate(ANNOUNCED) == said, "the numbers move in silence"
            await page.clock.run_for(15_000)
            said = await page.evaluate(ANNOUNCED)
            assert said == ["7 of 8 copies are settled, 3 sent; the sending is running."]
