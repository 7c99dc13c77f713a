"""All letters of one person, page by page, and how the address stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from mailer.bounce_models import Bounce, Effect
from mailer.bounces.report import Action, How, Reason, Weight
from mailer.models import Delivery, Status
from mailer.report import persons_letters
from pli.database import Database
from subscribers import optout
from subscribers.models import SuppressionReason
from tests import factories as make
from tests.factories import QUEUED, Copy


async def test_all_letters_of_a_person_come_page_by_page_with_what_came_back(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        campaigns = [
            await make.a_campaign_with(
                session,
                [Copy(Status.SENT, None, (QUEUED,))],
                now=now,
                of=replace(make.letter(), number=number),
                list_name=f"l{number}",
            )
            for number in (1, 2, 3)
        ]
        rows = await session.scalars(select(Delivery).order_by(Delivery.campaign_id))
        first, second, third = rows.all()
        person = first.subscriber_id
        assert person is not None
        second.subscriber_id = third.subscriber_id = person
        for how, reason in ((How.DSN, Reason.FULL), (How.SESSION, Reason.OTHER)):
            session.add(
                Bounce(
                    at=now,
                    campaign_id=campaigns[1].id,
                    delivery_id=second.id,
                    action=Action.FAILED.value,
                    reason=reason.value,
                    weight=Weight.TEMPORARY.value,
                    status="5.2.2",
                    diagnostic="552",
                    remote="mx.example.org",
                    how=how.value,
                    effect=Effect.NONE,
                )
            )
        await session.flush()
        page = await persons_letters.letters(session, person, limit=2)
        assert [it.letter for it in page.letters] == [3, 2]
        assert [str(it.came_back) for it in page.letters] == ["None", "The mailbox was full."]
        assert page.letters[1].came_back_at == now
        assert page.after == campaigns[1].id
        rest = await persons_letters.letters(session, person, after=page.after, limit=2)
        assert ([it.letter for it in rest.letters], rest.after) == ([1], None)
        own = await persons_letters.letters(session, person, list_ids=[first.list_id])
        assert [it.letter for it in own.letters] == [1]
        found = await persons_letters.lists_of(session, person)
        assert found == sorted(it.list_id for it in (first, second, third))
        assert await persons_letters.lists_of(session, 99_999) is None


async def test_why_nothing_is_sent_to_an_address_stands_with_the_lists_that_one_sees(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        one = await make.a_list(session, "une", now=now)
        other = await make.a_list(session, "autre", now=now)
        person = await make.a_person(session, make.KEYS, "jeanne", one, other, now=now)
        free = await persons_letters.standing(session, person.id)
        assert (free.email, free.suppressed) == (person.email, None)
        assert [it.title for it in free.lists] == ["Liste autre", "Liste une"]
        await session.run_sync(
            optout.suppress,
            address_key=person.address_key,
            reason=SuppressionReason.OBJECTION,
            source="letter",
            now=now,
        )
        barred = await persons_letters.standing(session, person.id, list_ids=[one.id])
        assert (barred.suppressed, barred.suppressed_at) == (SuppressionReason.OBJECTION, now)
        assert [it.title for it in barred.lists] == ["Liste une"]
