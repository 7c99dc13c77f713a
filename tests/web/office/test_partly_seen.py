"""A sending to two lists of which one is foreign, before its first copy: what one sees of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from accounts.rights import Right
from mailer.models import Campaign, CampaignState
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.web.office.deciding import an_office_that_sends
from tests.web.office.person import Town, a_town
from tests.web.office.signed import signed_in


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now, an_office_that_sends(keys=keys)) as town:
        yield town


async def test_a_draft_to_a_foreign_list_too_shows_the_own_numbers_and_that_there_is_more(
    town: Town,
) -> None:
    now = town.clock.at
    async with town.database.begin() as session:
        own = await make.a_list(session, "own", now=now)
        other = await make.a_list(session, "other", now=now)
        third = await make.a_list(session, "third", now=now)
        await make.members(session, town.keys, own, 3, now=now)
        for n in range(5):
            await make.a_person(session, town.keys, f"other{n}", other, now=now)
        both, foreign = [
            await make.a_draft(
                session,
                town.keys,
                lists,
                of=replace(make.letter(), number=number),
                by=Actor.system("root"),
                now=now,
            )
            for number, lists in ((301, [own, other]), (302, [other]))
        ]
        await session.execute(update(Campaign).values(rule="list = other or list = own"))
    path = f"/office/sendings/{both.id}"
    acts = ("who", "numbers", "complete", "check", "approve", "release", "letter/mail")
    for rights, lists, people, more in (
        ((Right.SENDER, Right.AUTHOR, Right.READER), [own.id], 3, True),
        ((Right.SENDER, Right.AUTHOR, Right.READER), [own.id, other.id], 8, False),
        ((Right.SENDER, Right.AUTHOR), [third.id], 0, False),
        ((Right.READER,), [own.id, other.id], 0, False),
    ):
        account = await town.hire(f"a{len(rights)}{people}{lists[0]}", *rights, lists=lists)
        async with town.somebody() as somebody:
            await signed_in(town, somebody, account)
            page = await somebody.go(path)
            assert page.status_code == (200 if people else 404)
            if not people:
                continue
            assert f"{people}</strong> people get it as things stand" in somebody.text
            assert ("It goes to 1 list more, which you do not see." in somebody.text) is more
            assert ("Liste other" in somebody.text) is not more
            assert ("list = other" in somebody.text) is not more, "a rule may name a foreign list"
            for act in acts:
                answer = await somebody.go(f"{path}/{act}")
                assert (answer.status_code == 404) is more, act
            if more:
                assert not [it for it in somebody.forms() if path in it]
                assert (await somebody.go(f"/office/sendings/{foreign.id}")).status_code == 404
            listed = await somebody.go("/office/sendings")
            assert f'href="{path}"' in listed.text
    async with town.database.begin() as session:
        await session.execute(
            update(Campaign)
            .where(Campaign.id == both.id)
            .values(
                state=CampaignState.SCHEDULED,
                scheduled_at=now + timedelta(hours=1),
                scheduled_zone="UTC",
                released_count=8,
            )
        )
    partly = await town.hire("zoe", Right.SENDER, lists=[own.id])
    async with town.somebody() as zoe:
        await signed_in(town, zoe, partly)
        await zoe.go(path)
        assert "It goes to 1 list more, which you do not see." in zoe.text
        assert "8 people" not in zoe.text, "nor how many it is for in all"
        assert f"{path}/stop" not in zoe.forms()
