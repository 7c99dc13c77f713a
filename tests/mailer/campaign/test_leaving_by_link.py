"""A person leaves by the link in a copy, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update

from mailer.campaign import leaving_by_link, lifecycle
from mailer.campaign.leaving_by_link import Choices, Reach
from mailer.links import OptOutToken
from mailer.models import Audience, Delivery, Evidence, Source, Status
from pli.database import Database
from pli.keys import Keys
from subscribers import optout
from subscribers.models import ConsentEvent, ConsentRecord, SubscriptionState
from subscribers.optout import OnList
from tests import factories as make
from tests.mailer.ledger.in_work import claimed


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
        assert await leaving_by_link.leave(session, token=another, source="lien", now=now) != []
        assert await session.scalar(select(Delivery.status)) is Status.UNCERTAIN
        assert await leaving_by_link.leave(session, token=token, source="lien", now=now) == []
    async with database.reading() as session:
        assert await session.scalar(select(Delivery.status)) is Status.SENT
        assert await session.scalar(select(Evidence.source)) is Source.OPT_OUT
        tie = await optout.on_list(session, subscriber_id=anne.id, list_id=members.id)
        assert tie == OnList("Liste membres", "fr", subscribed=False)
        gone = await optout.on_list(session, subscriber_id=anne.id, list_id=members.id + 1)
        assert gone == OnList(None, None, subscribed=False)


async def test_who_leaves_one_of_two_lists_does_not_get_that_letter_by_the_other(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        council = await make.a_list(session, "conseil", now=now)
        anne = await make.a_person(session, keys, "anne", members, council, now=now)
        await make.a_person(session, keys, "bob", members, now=now)
        await make.a_campaign(session, keys, [members, council], now=now)
        await make.a_person(session, keys, "carla", council, now=now)
        copy = await session.scalar(select(Delivery.id).where(Delivery.subscriber_id == anne.id))
        assert copy is not None
        token = OptOutToken(anne.id, members.id, copy, keys.current)
        (left,) = await leaving_by_link.leave(session, token=token, source="lien", now=now)
        assert left.list_id == members.id
    assert len((await claimed(database, 10))[1]) == 1
    async with database.begin() as session:
        waiting = await session.execute(
            select(Delivery.list_id, Delivery.status, Delivery.reason).where(Delivery.id == copy)
        )
        assert tuple(waiting.one()) == (members.id, Status.SKIPPED, "left")
        # Nor by a later sending of the same letter to those who have not had it.
        later = await make.a_campaign(
            session, keys, [council], now=now, audience=Audience.NEW, started=False
        )
        found = await session.execute(
            select(Delivery.status, Delivery.reason).where(
                Delivery.campaign_id == later.id, Delivery.subscriber_id == anne.id
            )
        )
        assert tuple(found.one()) == (Status.EXCLUDED, "already")


async def test_a_link_offers_the_lists_of_its_letter_and_leaves_what_is_asked(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        names = ("membres", "conseil", "retraites", "fetes")
        members, council, retired, feasts = [
            await make.a_list(session, it, now=now) for it in names
        ]
        anne = await make.a_person(session, keys, "anne", feasts, council, members, now=now)
        await make.a_subscription(
            session, anne.id, retired.id, now=now, state=SubscriptionState.LEFT
        )
        await make.a_campaign(session, keys, [members, council, retired], now=now)
        copy = await session.scalar(select(Delivery.id))
        assert copy is not None
        token = OptOutToken(anne.id, members.id, copy, keys.current)
        titles = ("Liste membres", "Liste conseil")
        assert await leaving_by_link.choices(session, token=token) == Choices(titles, 3)
        strange = replace(token, delivery_id=copy + 1)
        assert await leaving_by_link.choices(session, token=strange) == Choices(titles[:1], 3)
        left = await leaving_by_link.leave(
            session, token=token, reach=Reach.LETTER, source="lien", now=now
        )
        assert [it.list_id for it in left] == [members.id, council.id]
        assert await leaving_by_link.choices(session, token=token) == Choices((), 1)
        records = await session.scalars(
            select(ConsentRecord.delivery_id).where(ConsentRecord.event == ConsentEvent.LEFT)
        )
        assert list(records) == [copy, copy]
        (last,) = await leaving_by_link.leave(
            session, token=token, reach=Reach.ALL, source="lien", now=now
        )
        assert last.list_id == feasts.id
        assert await leaving_by_link.choices(session, token=token) == Choices((), 0)
