"""Nobody is wronged by a burst, by an address of before, or by what a person took back already."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from mailer.bounce_models import Bounce, BounceMail, Effect
from mailer.bounces.keeping import unpacked
from mailer.bounces.report import Kind
from mailer.bounces.rules import USUAL
from mailer.campaign import barring, lifecycle
from mailer.models import Campaign, CampaignState, Delivery
from pli.database import Database
from subscribers.models import Subscriber, SuppressionReason
from tests.mailer.bounces.coming_back import (
    FULL,
    GONE,
    LIKELY,
    UNTOLD,
    bounce_of,
    burst_of,
    comes,
    complaint_of,
    copies_of,
    further_copy,
    one_copy,
    sent,
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


async def test_mails_without_a_token_are_kept_however_many_came_before(
    database: Database, now: datetime
) -> None:
    for n in range(15):
        came = await comes(database, UNTOLD.format(f"a{n}@example.net").encode(), now)
        assert came.mail_id is not None, n


async def test_a_failure_and_a_complaint_are_heard_after_many_delays(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    for n in range(12):
        raw = bounce_of(number, email, ("4.4.1", "timed out"), action="delayed", more=f"X: {n}\n")
        await comes(database, raw, now)
    assert (await comes(database, bounce_of(number, email), now)).effect is Effect.SUPPRESSED
    assert (await comes(database, complaint_of(number, email), now)).kind is Kind.COMPLAINT
    assert await suppressed(database) == {email: SuppressionReason.COMPLAINT}


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


async def test_a_second_mail_about_a_copy_that_was_taken_back_suppresses_nobody(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    came = await comes(database, bounce_of(number, email), now)
    async with database.begin() as session:
        assert came.bounce_id is not None
        await barring.undo_one(session, bounce_id=came.bounce_id, now=now)
    again = ("5.1.10", "550 5.1.10 user unknown")
    came = await comes(database, bounce_of(number, email, again), now + DAY)
    assert came.bounce_id is not None
    assert came.effect is Effect.UNDONE
    assert await suppressed(database) == {}
    await comes(database, complaint_of(number, email), now + DAY)
    assert await suppressed(database) == {email: SuppressionReason.COMPLAINT}


async def test_what_is_only_likely_and_was_taken_back_is_no_first(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    async with database.begin() as session:
        await session.execute(update(Campaign).values(number=1))
        campaign_id = await session.scalar(select(Campaign.id))
    await comes(database, bounce_of(number, email, LIKELY), now)
    async with database.begin() as session:
        assert campaign_id is not None
        undone = await barring.undo(session, campaign_id=campaign_id, now=now)
        assert undone == (1, 0)
        second = await further_copy(session, email, 2, now + 8 * DAY)
    await comes(database, bounce_of(second, email, LIKELY), now + 8 * DAY)
    assert await suppressed(database) == {}


async def test_a_burst_of_likely_ones_is_no_first_and_lifts_the_seconds_in_it(
    database: Database, now: datetime
) -> None:
    """Two nights in which a provider calls everybody unknown after the letter."""
    later = now + 8 * DAY
    async with database.begin() as session:
        copies = await sent(session, now, 40)
        await session.execute(update(Campaign).values(number=1))
        first = await session.scalar(select(func.max(Campaign.id)))
    for number, email in copies[:5]:
        await comes(database, bounce_of(number, email, LIKELY), now)
    async with database.begin() as session:
        second = await sent(session, later, 40)
        ids = (await session.scalars(select(Subscriber.id).order_by(Subscriber.id).limit(40))).all()
        for (number, _), subscriber_id in zip(second, ids, strict=True):
            row = await session.get(Delivery, number)
            assert row is not None
            row.subscriber_id = subscriber_id
        campaign_id = await session.scalar(select(func.max(Campaign.id)))
        assert campaign_id is not None
        await session.flush()
        again = await copies_of(session, campaign_id)
        await session.execute(update(Campaign).where(Campaign.id != first).values(number=2))
    for number, email in again[:19]:
        await comes(database, bounce_of(number, email, LIKELY), later)
    assert len(await suppressed(database)) == 5  # seconds, before it is a burst
    await comes(database, bounce_of(*again[19], LIKELY), later)
    assert await suppressed(database) == {}
    third = later + 8 * DAY
    async with database.begin() as session:
        number = await further_copy(session, again[10][1], 3, third)
    await comes(database, bounce_of(number, again[10][1], LIKELY), third)
    assert await suppressed(database) == {}


async def test_what_trickles_in_after_the_hour_is_held_like_its_burst(
    database: Database, now: datetime
) -> None:
    campaign_id = await burst_of(database, now, 100, 20)
    async with database.reading() as session:
        copies = await copies_of(session, campaign_id)
    came = await comes(database, bounce_of(*copies[20]), now + timedelta(hours=30))
    assert came.effect is Effect.HELD
    assert await suppressed(database) == {}


async def test_a_letter_that_was_passed_on_in_vain_is_only_likely_gone(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, "other@example.net", written=email), now)
    assert await suppressed(database) == {}
    async with database.reading() as session:
        assert (await session.scalars(select(Bounce.weight))).all() == ["likely"]


async def test_a_mail_about_somebody_who_is_erased_is_kept_without_its_text(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    async with database.begin() as session:
        await session.execute(update(Delivery).values(subscriber_id=None))
    came = await comes(database, bounce_of(number, email), now)
    assert came.bounce_id is not None
    async with database.reading() as session:
        assert unpacked((await session.scalars(select(BounceMail.raw))).one()) == b""


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape"])
async def test_a_charset_that_makes_half_characters_stops_no_reading(
    database: Database, now: datetime, charset: str
) -> None:
    raw = UNTOLD.format("a@example.net").replace(
        "Subject", f"Content-Type: text/plain; charset={charset}\nSubject"
    )
    raw = raw.replace("User unknown", "+2AA- \\ud800 User unknown")
    came = await comes(database, raw.encode(), now, came_to="\udcff@example.net")
    assert came.mail_id is not None


async def test_who_lets_a_burst_go_on_forgets_what_was_only_likely(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        copies = await sent(session, now, 40)
        campaign_id = await session.scalar(select(func.max(Campaign.id)))
        assert campaign_id is not None
        await session.execute(update(Campaign).values(state=CampaignState.PAUSED, number=1))
    for number, email in copies[:20]:
        await comes(database, bounce_of(number, email, LIKELY), now)
    async with database.begin() as session:
        await lifecycle.resume(session, campaign_id=campaign_id)
        effects = set(await session.scalars(select(Bounce.effect)))
    assert effects == {Effect.UNDONE}
