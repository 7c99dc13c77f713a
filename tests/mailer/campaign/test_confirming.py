"""Who confirms anew by a link of their own mail is written to again, and nobody else is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from mailer.bounce_models import Effect
from mailer.campaign import confirming
from mailer.report import bounces
from pli.database import Database
from pli.tables import Audit
from subscribers import consent, optout
from subscribers.models import Basis, List, Subscriber, SuppressionReason
from tests import factories as make
from tests.factories import KEYS
from tests.mailer.bounces.coming_back import (
    GONE,
    bounce_of,
    comes,
    complaint_of,
    one_copy,
    suppressed,
)

HOUR = timedelta(hours=1)


async def confirm(database: Database, asked_at: datetime, now: datetime) -> confirming.Confirmed:
    async with database.begin() as session:
        return await confirming.confirm(
            session,
            subscriber_id=(await session.scalars(select(Subscriber.id))).one(),
            list_id=(await session.scalars(select(List.id))).one(),
            asked_at=asked_at,
            source="link",
            now=now,
        )


@pytest.mark.parametrize("complains", [False, True])
async def test_a_new_confirmation_lifts_what_came_back_before_it(
    database: Database, now: datetime, complains: bool
) -> None:
    number, email = await one_copy(database, now)
    async with database.begin() as session:
        await consent.subscribe(
            session,
            subscriber_id=(await session.scalars(select(Subscriber.id))).one(),
            list_id=(await session.scalars(select(List.id))).one(),
            basis=Basis.CONSENT,
            source="form",
            confirmed=True,
            now=now,
        )
    raw = complaint_of(number, email) if complains else bounce_of(number, email, GONE)
    await comes(database, raw, now)
    reason = SuppressionReason.COMPLAINT if complains else SuppressionReason.HARD_BOUNCE
    assert await suppressed(database) == {email: reason}
    old_link = await confirm(database, now - HOUR, now + HOUR)
    assert not old_link.lifted, "a link from before says nothing of what came back since"
    assert await suppressed(database) == {email: reason}
    assert (await confirm(database, now + HOUR, now + 2 * HOUR)).lifted
    assert await suppressed(database) == {}
    assert not (await confirm(database, now + HOUR, now + 2 * HOUR)).lifted, "once"
    async with database.reading() as session:
        why = (await session.scalars(select(Audit.why))).all()
        assert why == [f"{reason.value}: the person's own new confirmation"]
        (listed,) = await bounces.latest(session, limit=9)
        assert listed.effect is Effect.UNDONE


async def test_an_objection_outlasts_a_confirmation_and_who_left_confirms_nothing(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        person = await make.a_person(session, KEYS, "a", members, now=now, confirmed=False)
        key, email = person.address_key, person.email
        await session.run_sync(
            lambda it: optout.suppress(
                it,
                address_key=key,
                reason=SuppressionReason.OBJECTION,
                source="post",
                now=now - HOUR,
            )
        )
    assert await confirm(database, now, now) == (True, False)
    assert await suppressed(database) == {email: SuppressionReason.OBJECTION}
    async with database.begin() as session:
        await optout.lift(session, address_key=key, now=now)
        await session.run_sync(
            lambda it: optout.suppress(
                it,
                address_key=key,
                reason=SuppressionReason.COMPLAINT,
                source="bounce",
                now=now - HOUR,
            )
        )
        await optout.unsubscribe(
            session, subscriber_id=person.id, list_id=members.id, source="click", now=now
        )
    assert await confirm(database, now, now) == (False, False)
    assert await suppressed(database) == {email: SuppressionReason.COMPLAINT}
