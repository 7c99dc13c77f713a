"""The first page of the office with nothing to show, with little, and with much."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from accounts.rights import Right
from mailer.models import Campaign, CampaignList, CampaignState
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.factories import ONE_OF_EACH
from tests.web.office.person import a_town
from tests.web.office.signed import signed_in
from web.office import overview

DAY = timedelta(days=1)


async def test_what_waits_and_what_was_stays_in_sight_whatever_came_after(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with a_town(database, keys, now) as town, town.somebody() as person:
        await signed_in(town, person, await town.hire("anne", *Right))
        await person.go("/office/")
        assert "Nothing waits for you." in person.text
        assert "Nothing has been sent yet." in person.text
        assert "No letter in this month." in person.text

        async with database.begin() as session:
            old = now - 400 * DAY
            of = replace(make.letter(), number=1)
            paused = await make.a_campaign_with(
                session, ONE_OF_EACH, of=of, now=old, state=CampaignState.PAUSED
            )
            frozen = await session.get_one(Campaign, paused.id)
            session.add_all(
                Campaign(
                    number=number, title=f"No. {number}", subject="", language="fr",
                    state=state, audience=frozen.audience, frozen="", letter_hash="",
                    frozen_hash="", token_key="ab", retry_delays=[], excluded={},
                    created_at=now, started_at=at, scheduled_at=at, scheduled_zone="UTC",
                )
                for number, state, at in (
                    *((n, CampaignState.FINISHED, now - 40 * DAY) for n in range(100, 160)),
                    *((n, CampaignState.DRAFT, None) for n in range(200, 220)),
                    *((n, CampaignState.SCHEDULED, now + DAY) for n in range(300, 305)),
                )
            )  # fmt: skip
            await session.flush()
            (its,) = await session.scalars(select(CampaignList))
            session.add_all(
                CampaignList(campaign_id=it, list_id=its.list_id, position=0)
                for it in await session.scalars(select(Campaign.id).where(Campaign.id != paused.id))
            )
        await person.go("/office/")
        waits, _, others = person.text.partition("Letters that are being decided")
        assert "Letter 1 is paused." in waits, "fifty letters came after it"
        more = 1 + 20 + 1 - overview.SHOWN  # one is uncertain, too
        assert f"<summary>{more} more</summary>" in waits
        assert waits.count("waits to be approved") == 20, "and none is left out"
        assert f"<summary>{5 - overview.ON_A_DAY} more</summary>" in others
        assert all(f"no. {n} (10:00)" in others for n in range(300, 305))

        month = f"{now - 40 * DAY:%Y-%m}"
        await person.go(f"/office/?month={month}")
        assert all(f'title="No. {n}"' in person.text for n in range(100, 160))
        await person.go(f"/office/?month={old:%Y-%m}")
        assert re.search(r'title="[^"]+">\s*no\. 1\b', person.text), "a year and more ago"
        for odd in ("0001-01", "9999-12", "1969-12", "2026-13", "٢٠٢٦-01", "2026-1", "x"):
            assert (await person.go(f"/office/?month={odd}")).status_code == 200
            assert f"{now:%B %Y}" in person.text, odd
        await person.go("/office/?month=1970-01")
        assert 'rel="prev"' not in person.text
        await person.go("/office/?month=9998-12")
        assert 'rel="next"' not in person.text
