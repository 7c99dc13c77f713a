"""What nobody should do to a letter on its way, and what meanwhile happens to it: told in words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from mailer.campaign import lifecycle, releasing
from mailer.models import Campaign, CampaignState
from pli.actor import Actor
from pli.keys import Keys
from subscribers.models import Basis, Import, ImportState
from tests.web.office.person import FROM_HERE, Person, Town
from tests.web.office.ready import a_ready_letter, an_office_of_one, state_of

LATE = "It is too late for that: this is how it stands now."
ROOT = Actor.system("root")


@pytest.fixture
async def alone(sqlite_url: str, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with an_office_of_one(sqlite_url, keys, now) as town:
        yield town


async def pressed(person: Person, path: str, token: str, **typed: str) -> int:
    """Press the button of a page that is old; the code of the answer after redirects."""
    person.page = await person.client.post(
        path, data={"token": token, **typed}, headers=FROM_HERE, follow_redirects=True
    )
    return person.page.status_code


async def test_an_hour_far_beyond_is_refused_before_the_last_page(alone: Town) -> None:
    async with alone.somebody() as anne:
        campaign_id, path = await a_ready_letter(alone, anne)
        for hour in ("9999-12-31 23:59", "31/12/9999 23h59", "2028-01-01 08:00"):
            page = await anne.go(f"{path}/release?when=at&hour={hour}")
            assert (page.status_code, "is the year right?" in anne.text) == (422, True), hour
        for hour in ("9999-99-99 99:99", "10000-01-01 08:00", "8" * 300, "٢٠٢٦-١١-٢٦ 8h"):
            page = await anne.go(f"{path}/release?when=at&hour={hour}")
            assert (page.status_code, "is no hour" in anne.text) == (422, True), hour
        await anne.go(f"{path}/release?when=now")
        form = anne.forms()[f"{path}/release"]
        late = dict(form, when="at", hour="9999-12-31 23:59", typed="3")
        assert await pressed(anne, f"{path}/release", late.pop("token"), **late) == 422
        assert "is the year right?" in anne.text
        assert (await state_of(alone, campaign_id)).state is CampaignState.DRAFT


async def test_a_typed_number_is_understood_as_people_type_it(alone: Town) -> None:
    async with alone.somebody() as anne:
        _, path = await a_ready_letter(alone, anne)
        for typed in (" 3 ", "\u202f3", "٣", "３", "3\u00a0", "\u200f٣"):
            await anne.go(f"{path}/release?when=now")
            await anne.send(f"{path}/release", typed=typed)
            assert f"{path}/stop" in anne.forms(), f"{typed!r} is not understood"
            await anne.send(f"{path}/stop")


async def test_a_rule_whose_attribute_is_gone_is_told_on_each_page_and_stops_the_release(
    alone: Town,
) -> None:
    async with alone.somebody() as anne:
        _, path = await a_ready_letter(alone, anne)
        async with alone.database.begin() as session:
            await session.execute(update(Campaign).values(rule="departement = 44", segment=""))
        for place, code in (("", 200), ("/who", 422), ("/check", 200), ("/approve", 200)):
            page = await anne.go(f"{path}{place}")
            assert page.status_code == code, place
            assert "departement" in anne.text, place
        await anne.go(f"{path}/check")
        assert "the rule cannot be used any more" in anne.text
        refused = await anne.go(f"{path}/release?when=now")
        assert (refused.status_code, "cannot be used any more" in anne.text) == (422, True)
        await anne.go(f"{path}/who")
        await anne.send(f"{path}/who", list="membres", segment="", rule="")
        assert "It is kept for whom this letter is." in anne.text


async def test_an_import_under_way_is_told_and_somebody_must_let_it_pass(alone: Town) -> None:
    async with alone.somebody() as anne:
        campaign_id, path = await a_ready_letter(alone, anne)
        async with alone.database.begin() as session:
            session.add(
                Import(
                    list_id=1,
                    file="gens.csv",
                    basis=Basis.MEMBER,
                    source="x",
                    state=ImportState.RUNNING,
                    at=alone.clock.at,
                    added=0,
                    updated=0,
                    unchanged=0,
                    rejected=0,
                    objected=0,
                )
            )
        await anne.go(f"{path}/release?when=now")
        assert "people are being read into Liste membres just now (gens.csv)" in anne.text
        assert f"{path}/release" not in anne.forms()
        assert (await state_of(alone, campaign_id)).state is CampaignState.DRAFT


async def test_the_button_of_an_old_page_is_refused_in_words_whatever_became_of_the_sending(
    alone: Town,
) -> None:
    async with alone.somebody() as anne:
        campaign_id, path = await a_ready_letter(alone, anne)
        await anne.go(f"{path}/release?when=now")
        old = anne.forms()[f"{path}/release"] | {"typed": "3"}
        token = old.pop("token")
        seen = (await state_of(alone, campaign_id)).frozen_hash
        async with alone.database.begin() as session:
            await releasing.release(
                session, campaign_id=campaign_id, at=alone.clock.at + timedelta(hours=1),
                zone="UTC", number=3, seen_hash=seen, by=ROOT, now=alone.clock.at,
            )  # fmt: skip
        assert await pressed(anne, f"{path}/release", token, **old) == 422
        assert "root has released campaign" in anne.text
        for what in ("approved", "back", "ask"):
            assert await pressed(anne, f"{path}/{what}", token, seen=seen, note="non") == 200
            assert LATE in anne.text, what
        for state in (CampaignState.PAUSED, CampaignState.FINISHED):
            async with alone.database.begin() as session:
                await session.execute(update(Campaign).values(state=state))
            for what in ("release", "stop", "approved", "back", "ask", "tick", "who", "test"):
                code = await pressed(anne, f"{path}/{what}", token, **old, note="non")
                assert (code, LATE in anne.text) == (200, True), (what, state)
            row = await state_of(alone, campaign_id)
            assert row.state is state


async def test_a_sending_that_is_cancelled_meanwhile_is_told_and_never_released(
    alone: Town,
) -> None:
    async with alone.somebody() as anne:
        campaign_id, path = await a_ready_letter(alone, anne)
        await anne.go(f"{path}/release?when=now")
        old = anne.forms()[f"{path}/release"] | {"typed": "3"}
        token = old.pop("token")
        async with alone.database.begin() as session:
            await lifecycle.cancel(session, campaign_id=campaign_id, now=alone.clock.at)
        assert await pressed(anne, f"{path}/release", token, **old) == 200
        assert LATE in anne.text
        assert (await state_of(alone, campaign_id)).state is CampaignState.CANCELLED
