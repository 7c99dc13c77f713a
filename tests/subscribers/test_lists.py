"""Lists, on both databases."""

from __future__ import annotations

from datetime import datetime

from pli.database import Database
from pli.keys import Keys
from subscribers import lists, optout
from subscribers.models import SubscriptionState
from tests import factories as make


async def test_each_list_is_told_with_how_many_are_on_it(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.a_list(session, "autres", now=now)
        await make.members(session, keys, members, 2, now=now)
        await make.a_person(session, keys, "anne", members, now=now, confirmed=False)
        left = await make.a_person(session, keys, "bernard", members, now=now)
        await optout.unsubscribe(
            session, subscriber_id=left.id, list_id=members.id, source="test", now=now
        )
        await lists.edit(session, name="membres", relays=["secours"], now=now)
    async with database.reading() as session:
        others, counted = await lists.counted(session)
    assert (others.name, set(others.numbers.values())) == ("autres", {0})
    assert (counted.name, counted.title, counted.relays) == (
        "membres",
        "Liste membres",
        ("secours",),
    )
    assert list(counted.numbers.items()) == [
        (SubscriptionState.UNCONFIRMED, 1),
        (SubscriptionState.CONFIRMED, 2),
        (SubscriptionState.LEFT, 1),
    ]
