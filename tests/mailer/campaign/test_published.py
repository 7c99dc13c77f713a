"""Which campaign's letter the web shows, on both databases."""

from __future__ import annotations

from datetime import datetime

from mailer.campaign.published import LARGEST_NUMBER, frozen_letter, published
from mailer.models import Audience
from pli.database import Database
from pli.keys import Keys
from tests import factories as make


async def test_the_web_shows_the_latest_campaign_to_the_list_as_it_was_frozen(
    database: Database, keys: Keys, now: datetime
) -> None:
    letter = make.letter(body="# Après\n")
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.a_list(session, "autres", now=now)
        await make.a_person(session, keys, "anne", members, now=now)
        await make.a_campaign(session, keys, [members], now=now)
        latest = await make.a_campaign(
            session, keys, [members], now=now, of=letter, audience=Audience.ALL
        )
        await make.a_draft(session, keys, [members], now=now)
    async with database.reading() as session:
        found = await published(session, list_name="membres", number=letter.number)
        assert found is not None
        assert (found.campaign_id, found.list.title) == (latest.id, "Liste membres")
        assert found.frozen_hash == latest.frozen_hash != make.frozen(letter).frozen_hash
        assert (await frozen_letter(session, campaign_id=found.campaign_id))[0] == letter
        for name, number in (
            ("autres", letter.number),
            ("membres", letter.number + 1),
            ("membres", LARGEST_NUMBER + 1),
        ):
            assert await published(session, list_name=name, number=number) is None
