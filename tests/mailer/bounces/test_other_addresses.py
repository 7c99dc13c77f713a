"""What came back of an address that is not the person's, or not any more, harms nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from mailer.bounce_models import Bounce, Effect
from mailer.bounces.rules import USUAL
from mailer.models import Campaign
from pli.database import Database
from subscribers.models import Subscriber
from tests.mailer.bounces.coming_back import (
    FULL,
    GONE,
    LIKELY,
    bounce_of,
    comes,
    further_copy,
    one_copy,
    suppressed,
)

DAY = timedelta(days=1)


async def moves(database: Database, email: str, to: str) -> None:
    async with database.begin() as session:
        await session.execute(
            update(Subscriber)
            .where(Subscriber.email == email)
            .values(email=to, email_folded=to, address_key=b"n" * 16)
        )


async def test_who_has_another_address_by_now_keeps_it(database: Database, now: datetime) -> None:
    number, email = await one_copy(database, now)
    async with database.begin() as session:
        await session.execute(
            update(Subscriber).values(
                email="new@example.org", email_folded="new@example.org", address_key=b"n" * 16
            )
        )
    came = await comes(database, bounce_of(number, email), now)
    assert came.effect is Effect.FORMER
    assert await suppressed(database) == {}


@pytest.mark.parametrize("said", [GONE, LIKELY], ids=["gone", "likely"])
async def test_what_came_back_of_an_earlier_address_is_no_first_against_the_new_one(
    database: Database, now: datetime, said: tuple[str, str]
) -> None:
    number, email = await one_copy(database, now)
    async with database.begin() as session:
        await session.execute(update(Campaign).values(number=1))
    await moves(database, email, "new@example.org")
    came = await comes(database, bounce_of(number, email, said), now)
    assert came.effect is Effect.FORMER
    async with database.begin() as session:
        second = await further_copy(session, "new@example.org", 2, now + 8 * DAY)
    await comes(database, bounce_of(second, "new@example.org", LIKELY), now + 8 * DAY)
    assert await suppressed(database) == {}


async def test_a_full_mailbox_of_an_earlier_address_does_not_count_for_the_new_one(
    database: Database, now: datetime
) -> None:
    rules = replace(USUAL, suppress_stale=True)
    number, email = await one_copy(database, now)
    for n in range(5):
        at = now + n * 15 * DAY
        if n:
            async with database.begin() as session:
                number = await further_copy(session, email, 400 + n, at)
        if n == 4:
            await moves(database, email, "new@example.org")
            await comes(database, bounce_of(number, email, FULL), at, rules=rules)
            async with database.begin() as session:
                number = await further_copy(session, "new@example.org", 500, at)
            email = "new@example.org"
        await comes(database, bounce_of(number, email, FULL), at, rules=rules)
    async with database.begin() as session:
        before = (await session.scalars(select(Bounce.effect).order_by(Bounce.id))).all()
    assert before.count(Effect.FORMER) == 1


async def test_a_letter_that_was_passed_on_in_vain_is_only_likely_gone(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, "other@example.net", written=email), now)
    assert await suppressed(database) == {}
    async with database.reading() as session:
        assert (await session.scalars(select(Bounce.weight))).all() == ["likely"]
