"""A released letter until its hour: who sees its page, what it says, and how it comes alive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.responses import Response

from accounts.rights import Right
from mailer.campaign import lifecycle, scheduling
from mailer.campaign.finding import find_campaign
from mailer.models import CampaignState
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from pli.language import Sentence
from pli.tables import Chore, ChoreState
from tests import axe
from tests.web.office.deciding import a_draft_of, an_office_that_sends
from tests.web.office.gallery import enter
from tests.web.office.person import Town, a_town
from tests.web.office.served import a_street
from tests.web.office.signed import signed_in
from web import live
from web.office.releasing import Releasing
from web.office.visit import Visit


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now, an_office_that_sends(keys=keys)) as town:
        yield town


async def released(town: Town, *, at: datetime) -> int:
    """A letter that somebody released for an hour; the sending's id."""
    by = Actor.system("root")
    campaign, _ = await a_draft_of(town.database, town.keys, by, now=town.clock.at)
    async with town.database.begin() as session:
        row = await find_campaign(session, campaign.id)
        row.state = CampaignState.SCHEDULED
        row.scheduled_at, row.scheduled_zone = at, "UTC"
        row.released_by, row.released_count = by.text, 3
    return campaign.id


async def test_who_sees_numbers_sees_the_hour_and_who_decides_has_the_stop(town: Town) -> None:
    campaign_id = await released(town, at=town.clock.at + timedelta(days=2, hours=3))
    at = f"/office/sendings/{campaign_id}"
    async with town.somebody() as person:
        for right, decides, stops in (
            (Right.READER, False, False),
            (Right.AUTHOR, True, False),
            (Right.SENDER, True, True),
        ):
            await signed_in(town, person, await town.hire(right.value, right))
            page = await person.go(at)
            assert page.status_code == 200, right
            assert "in 2 days and 3 hours" in person.text
            assert f'data-stream="{at}/stream"' in person.text
            assert '<meta http-equiv="refresh" content="60">' in person.text
            assert ("Stop: send nothing" in person.text) is stops
            assert ("Lists: Liste membres." in person.text) is decides
            assert (await person.client.head(f"{at}/stream")).status_code == 200
        await person.go(f"{at}?still")
        assert "data-stream" not in person.text
        assert "http-equiv" not in person.text

        async with town.database.begin() as session:
            (await find_campaign(session, campaign_id)).state = CampaignState.RUNNING
        account = await town.hire("writes", Right.AUTHOR)
        await signed_in(town, person, account)
        assert (await person.go(at)).status_code == 200
        assert "its sending has begun or is over" in person.text
        assert "data-stream" not in person.text


async def test_the_page_counts_days_then_seconds_and_says_what_holds_it(town: Town) -> None:
    hour = town.clock.at + timedelta(minutes=11)
    at = f"/office/sendings/{await released(town, at=hour)}"
    async with town.somebody() as person:
        await signed_in(town, person, await town.hire("anne", Right.SENDER))
        for moment, told, refresh in (
            (hour - timedelta(minutes=11), "in 11 minutes", 60),
            (hour - timedelta(seconds=599), "599</span> <span>seconds until", 3),
            (hour - timedelta(seconds=1), "1</span> <span>second until", 3),
            (hour, "Its hour has come", 3),
            (hour + timedelta(minutes=5), "Its hour has come", 3),
        ):
            town.clock.at = moment
            await person.go(at)
            assert told in person.text
            assert f'content="{refresh}"' in person.text
        # No worker could start it: not that it begins within seconds.
        failed = {"kind": "launch", "row_id": int(at.rpartition("/")[2]), "code": "KeyError"}
        async with town.database.begin() as session:
            chore = Chore(**failed, state=ChoreState.HELD, due_at=hour, tries=6, offered_at=hour)
            session.add(chore)
        for page in (at, at.replace("sendings", "report")):
            await person.go(page)
            assert "It has not started" in person.text
            assert "could not be started (KeyError): an operator finds out why" in person.text
            assert "Its hour has come" not in person.text
        async with town.database.begin() as session:
            await scheduling.hold(
                session, campaign_id=int(at.rpartition("/")[2]), reason=Sentence("others by now")
            )
        await person.go(at)
        assert "It did not start, and waits for a person" in person.text
        assert "others by now" in person.text
        assert "Its hour has come" not in person.text


@pytest.mark.proof
async def test_a_page_opened_long_before_its_hour_comes_alive_by_itself(
    sqlite_url: str, keys: Keys
) -> None:
    async with a_street(sqlite_url, keys, rules=an_office_that_sends(keys=keys)) as street:
        town = street.town
        town.clock.at = datetime.now(UTC)
        campaign_id = await released(town, at=datetime.now(UTC) + timedelta(days=3))
        people = {
            right: await town.hire(right.value, right)
            for right in (Right.AUTHOR, Right.READER, Right.SENDER)
        }
        pages = {}
        browsers = [street.browser() for _ in people]
        for browser, (right, account) in zip(browsers, people.items(), strict=True):
            pages[right] = await browser.__aenter__()
            await enter(pages[right], street, account)
            await pages[right].goto(f"{street.url}/office/sendings/{campaign_id}")
            await pages[right].get_by_text("in 3 days").wait_for()
            assert await axe.violations(pages[right]) == []
        await pages[Right.SENDER].get_by_role("button", name="Stop").focus()
        async with town.database.begin() as session:
            row = await find_campaign(session, campaign_id)
            row.scheduled_at = datetime.now(UTC) + timedelta(seconds=300)
        for page in pages.values():
            await page.get_by_role("timer").wait_for()
        focused = "() => document.activeElement.textContent"
        assert await pages[Right.SENDER].evaluate(focused) == "Stop: send nothing"
        async with town.database.begin() as session:
            now = datetime.now(UTC)
            await lifecycle.prepare(session, campaign_id=campaign_id, batch_size=100, now=now)
            await lifecycle.start(session, campaign_id=campaign_id, now=now)
        for right, told in (
            (Right.AUTHOR, "its sending has begun or is over"),
            (Right.READER, "settled, of 3"),
            (Right.SENDER, "settled, of 3"),
        ):
            await pages[right].get_by_text(told).wait_for()
        for browser in browsers:
            await browser.__aexit__(None, None, None)


@pytest.mark.proof
async def test_who_stops_a_letter_is_told_so_although_the_page_has_news_before_the_answer(
    sqlite_url: str, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Releasing.stop

    async def slow(self: Releasing, visit: Visit) -> Response:
        answer = await stop(self, visit)
        # Long enough for the stream to tell that the letter waits for nothing any more.
        await asyncio.sleep(4 * live.LOOK_SECONDS)
        return answer

    monkeypatch.setattr(Releasing, "stop", slow)
    async with a_street(sqlite_url, keys, rules=an_office_that_sends(keys=keys)) as street:
        street.town.clock.at = datetime.now(UTC)
        campaign_id = await released(street.town, at=datetime.now(UTC) + timedelta(seconds=300))
        anne = await street.town.hire("anne", Right.SENDER)
        async with street.browser() as page:
            await enter(page, street, anne)
            streams = f"**/sendings/{campaign_id}/stream"
            async with page.expect_response(streams):
                await page.goto(f"{street.url}/office/sendings/{campaign_id}")
            await page.get_by_role("button", name="Stop").click()
            await page.get_by_text("It is stopped: nothing was sent.").wait_for()
