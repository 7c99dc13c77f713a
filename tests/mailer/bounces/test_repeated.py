"""What is not certain counts when several letters say it, and a letter that was taken resets it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import update

from mailer.bounce_models import Effect
from mailer.bounces import deciding, repeated, session_refusals
from mailer.bounces.rules import USUAL
from mailer.models import Campaign, Delivery, Stage, Status
from mailer.outcomes import Result, judge
from mailer.report import bounces
from pli.database import Database
from subscribers.models import SuppressionReason
from tests.mailer.bounces.coming_back import (
    FULL,
    LIKELY,
    bounce_of,
    comes,
    further_copy,
    one_copy,
    suppressed,
)

DAY = timedelta(days=1)
HARD = SuppressionReason.HARD_BOUNCE


@pytest.mark.parametrize(
    ("days", "letter", "expected"),
    [(7, 2, True), (6, 2, False), (7, 1, False)],
    ids=["another letter a week later", "too soon", "the same letter"],
)
async def test_a_second_likely_gone_suppresses_if_another_letter_says_so_later(
    database: Database, now: datetime, days: int, letter: int, expected: bool
) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, email, LIKELY), now)
    later = now + days * DAY
    async with database.begin() as session:
        await session.execute(update(Campaign).values(number=1))
        second = await further_copy(session, email, letter, later)
    came = await comes(database, bounce_of(second, email, LIKELY), later + timedelta(hours=1))
    assert (came.effect is Effect.SUPPRESSED) is expected
    assert (email in await suppressed(database)) is expected


async def test_a_letter_that_was_taken_for_two_weeks_lets_the_count_begin_anew(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, email, LIKELY), now)
    async with database.begin() as session:
        await further_copy(session, email, 2, now + 10 * DAY)
        third = await further_copy(session, email, 3, now + 30 * DAY)
    came = await comes(database, bounce_of(third, email, LIKELY), now + 30 * DAY)
    assert came.effect is Effect.NONE
    assert await suppressed(database) == {}


@pytest.mark.parametrize("suppress", [False, True])
async def test_five_letters_over_two_months_to_a_full_mailbox_ask_staff(
    database: Database, now: datetime, suppress: bool
) -> None:
    rules = replace(USUAL, suppress_stale=suppress)
    number, email = await one_copy(database, now)
    for n in range(5):
        at = now + n * 15 * DAY
        if n:
            async with database.begin() as session:
                number = await further_copy(session, email, 400 + n, at)
        async with database.reading() as session:
            assert await bounces.stale(session, rules, at) == []
        came = await comes(database, bounce_of(number, email, FULL), at, rules=rules)
    async with database.reading() as session:
        found = await session.run_sync(repeated.stale, rules, at)
    if suppress:
        assert came.effect is Effect.SUPPRESSED
        assert await suppressed(database) == {email: HARD}
    else:
        assert [(it.letters, it.reason) for it in found] == [(5, "full")]
        assert await suppressed(database) == {}


@pytest.mark.parametrize("days", [8, 2])
async def test_a_relay_that_says_unknown_in_words_is_believed_at_a_second_letter_a_week_later(
    database: Database, now: datetime, days: int
) -> None:
    number, email = await one_copy(database, now)
    later = now + days * DAY
    async with database.begin() as session:
        await session.execute(update(Campaign).values(number=1))
        second = await further_copy(session, email, 2, later)
        await session.execute(update(Delivery).values(status=Status.FAILED))
        for delivery, at in ((number, now), (second, later)):
            row = await session.get(Delivery, delivery)
            assert row is not None
            refused = judge(Stage.RCPT, 550, "user unknown")
            record = partial(
                session_refusals.record,
                campaign_id=row.campaign_id,
                provider="other",
                failed=[Result(delivery, 1, at.timestamp(), refused)],
                now=at,
            )
            assert await session.run_sync(record)
            await session.run_sync(deciding.conclude, row.campaign_id, at)
    assert await suppressed(database) == ({email: HARD} if days == 8 else {})
