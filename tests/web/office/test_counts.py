"""Counts of people that take long: who asked waits, and a page that has none says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from mailer.models import CampaignState
from pli.keys import Keys
from tests.web.office.person import Town
from tests.web.office.ready import a_ready_letter, an_office_of_one, state_of
from tests.web.office.statements import asked
from web.office import checking, choosing

NOT_COUNTED = "The people were not counted to the end"


@pytest.fixture
async def alone(sqlite_url: str, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with an_office_of_one(sqlite_url, keys, now) as town:
        yield town


async def test_who_presses_count_waits_for_the_numbers_also_without_javascript(
    alone: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "PAGE_SECONDS", 0.0)
    async with alone.somebody() as anne:
        _, path = await a_ready_letter(alone, anne)
        page = await anne.go(f"{path}/who")
        assert "Press “Count” to wait for it." in page.text
        await anne.send(f"{path}/who", list="membres", count="1")
        assert "3</strong> people get it as things stand" in anne.text


async def test_where_the_people_were_not_counted_the_page_says_so_and_nothing_is_released(
    alone: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alone.somebody() as anne:
        campaign_id, path = await a_ready_letter(alone, anne)
        await anne.go(f"{path}/release?when=now")
        with monkeypatch.context() as slow:
            slow.setattr(checking, "ASKED_SECONDS", 0.0)
            refused = await anne.send(f"{path}/release", typed="3")
            assert refused.status_code == 422
            assert "the people were not counted to the end" in anne.text
            for page in ("check", "approve"):
                await anne.go(f"{path}/{page}")
                assert NOT_COUNTED in anne.text, page
                assert "Nothing stands in the way." not in anne.text, page
        assert (await state_of(alone, campaign_id)).state is CampaignState.DRAFT
        await anne.go(f"{path}/release?when=now")
        await anne.send(f"{path}/release", typed="3")
        assert (await state_of(alone, campaign_id)).state is CampaignState.SCHEDULED


async def test_a_page_counts_the_people_once_and_only_if_it_tells_how_many(alone: Town) -> None:
    async with alone.somebody() as anne:
        _, path = await a_ready_letter(alone, anne)

        async def counts(page: str) -> int:
            with asked(alone) as said:
                await anne.go(f"{path}{page}")
            return sum("judged" in it for it in said)

        pages = ("", "/who", "/check", "/approve", "/release?when=now")
        assert [await counts(it) for it in pages] == [1] * 5
        assert await counts("/release") == 0
        await anne.go(f"{path}/release?when=now")
        await anne.send(f"{path}/release", typed="3")
        assert await counts("") == 0, "a letter that waits for its hour has its number"
