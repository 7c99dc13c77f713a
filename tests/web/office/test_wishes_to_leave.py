"""Wishes to leave that nothing proves, as who keeps the lists sees them and decides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from sqlalchemy import select

from accounts.rights import Right
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeMail
from pli import audit
from pli.audit import AuditAction
from pli.database import Database
from pli.keys import Keys
from subscribers import optout
from subscribers.models import ConsentRecord
from tests import factories as make
from tests.mailer.intake.coming_in import taken, worked, written
from tests.web.office.person import HOSTILE, Town, a_town
from tests.web.office.signed import signed_in

PAGE = "/office/wishes"


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now) as town:
        yield town


async def test_who_keeps_the_lists_lets_a_person_leave_or_lets_nothing_follow(town: Town) -> None:
    async with town.database.begin() as session:
        members = await make.a_list(session, "membres", now=town.clock.at)
        council = await make.a_list(session, "conseil", now=town.clock.at)
        anne, bob = [
            await make.a_person(session, town.keys, it, members, council, now=town.clock.at)
            for it in ("anne", "bob")
        ]
    kept = await town.hire("karim", Right.KEEPER)
    of_one = await town.hire("olga", Right.KEEPER, lists=[members.id])
    async with town.somebody() as karim, town.somebody() as olga:
        await signed_in(town, karim, kept)
        await karim.go("/office/")
        assert "Nobody waits." in karim.text, "who only keeps lists begins here"
        for address, subject in (
            (anne.email, "STOP"), (anne.email, "stop !"), (bob.email, HOSTILE),
        ):  # fmt: skip
            await taken(town.database, written(address, subject, "STOP\n"))
        await worked(town.database)
        page = await karim.go(PAGE)
        assert page.text.count("<li><div>") == 2, "a line for each person"
        assert "2 mails" in karim.text
        assert "Take off the 2 lists" in karim.text
        assert "<script>alert" not in page.text
        forms = list(karim.forms())
        leave, _, other_leave, dismiss = [it for it in forms if it.startswith(PAGE)]
        await karim.send(leave)
        assert "They have left" in karim.text
        assert anne.email not in karim.text
        await karim.send(dismiss)
        assert "nothing else is changed" in karim.text
        assert "Nobody waits." in karim.text
        # A page that was open for long, and somebody who may not.
        await karim.client.get(PAGE)
        token = karim.forms()["/office/sign-out"]["token"]
        late = await karim.client.post(
            other_leave,
            data={"token": token},
            headers={"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost:8080"},
        )
        assert late.headers["location"] == f"{PAGE}?done=too_late"
        await signed_in(town, olga, of_one)
        assert (await olga.go(PAGE)).status_code == 404
    async with town.database.reading() as session:
        assert await optout.still_on(session, subscriber_id=anne.id) == []
        assert len(await optout.still_on(session, subscriber_id=bob.id)) == 2
        assert (
            await session.scalar(select(IntakeMail.id).where(IntakeMail.kind == Sort.STOP.value))
            is None
        )
        noted = await audit.events(session, action=AuditAction.WISH_DISMISSED)
        assert [(it.account_id, it.object_id) for it in noted.events] == [(kept.id, bob.id)]
        looks = await audit.events(session, action=AuditAction.PEOPLE_VIEWED)
        assert {it.count for it in looks.events} == {1, 2}
        left = await session.scalars(
            select(ConsentRecord).where(ConsentRecord.subscriber_id == anne.id)
        )
        assert f"Karim (#{kept.id})" in {it.entered_by for it in left}


async def test_the_first_page_says_that_somebody_may_want_to_leave(town: Town) -> None:
    async with town.database.begin() as session:
        members = await make.a_list(session, "membres", now=town.clock.at)
        anne = await make.a_person(session, town.keys, "anne", members, now=town.clock.at)
    await taken(town.database, written(anne.email, "STOP"))
    await worked(town.database)
    async with town.somebody() as person:
        for name, rights, told in (
            ("both", (Right.KEEPER, Right.READER), True), ("reads", (Right.READER,), False),
        ):  # fmt: skip
            await signed_in(town, person, await town.hire(name, *rights))
            await person.go("/office/")
            assert ("1 person may want to leave" in person.text) is told
            assert (f'href="{PAGE}"' in person.text) is told
