"""A person leaves by the link in a copy, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update

from mailer.campaign import leaving_by_link, lifecycle
from mailer.links import OptOutToken
from mailer.models import Delivery, Evidence, Source, Status
from pli.database import Database
from pli.keys import Keys
from subscribers import optout
from subscribers.optout import OnList
from tests import factories as make


async def test_leaving_by_the_link_of_a_copy_proves_that_the_copy_arrived(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        anne = await make.a_person(session, keys, "anne", members, now=now)
        campaign = await make.a_campaign(session, keys, [members], now=now)
        await lifecycle.pause(session, campaign_id=campaign.id)
        doubted = await session.execute(
            update(Delivery).values(status=Status.UNCERTAIN).returning(Delivery.id)
        )
    token = OptOutToken(anne.id, members.id, doubted.scalar_one(), keys.current)
    another = replace(token, delivery_id=token.delivery_id + 1)
    async with database.begin() as session:
        assert (
            await leaving_by_link.leave(session, token=another, source="lien", now=now) is not None
        )
        assert await session.scalar(select(Delivery.status)) is Status.UNCERTAIN
        assert await leaving_by_link.leave(session, token=token, source="lien", now=now) is None
    async with database.reading() as session:
        assert await session.scalar(select(Delivery.status)) is Status.SENT
        assert await session.scalar(select(Evidence.source)) is Source.OPT_OUT
        tie = await optout.on_list(session, subscriber_id=anne.id, list_id=members.id)
        assert tie == OnList("Liste membres", "fr", subscribed=False)
        gone = await optout.on_list(session, subscriber_id=anne.id, list_id=members.id + 1)
        assert gone == OnList(None, None, subscribed=False)
