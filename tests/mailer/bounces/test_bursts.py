"""A burst is held for a person, who takes it back or believes it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from mailer.bounce_models import Bounce, Effect
from mailer.bounces import checkup
from mailer.campaign import barring, lifecycle
from mailer.models import Campaign, CampaignState, Delivery
from mailer.report import bounces
from pli.actor import Actor
from pli.database import Database
from pli.tables import Audit
from subscribers.models import Subscriber
from tests.mailer.bounces.coming_back import (
    LIKELY,
    bounce_of,
    burst_of,
    comes,
    copies_of,
    further_copy,
    one_copy,
    sent,
    suppressed,
)

DAY = timedelta(days=1)


async def test_a_burst_is_held_and_taken_back_by_one_command(
    database: Database, now: datetime
) -> None:
    campaign_id = await burst_of(database, now, 100, 19)
    assert len(await suppressed(database)) == 19
    async with database.begin() as session:
        copies = await copies_of(session, campaign_id)
        assert await checkup.check(session, now=now) == []
    came = await comes(database, bounce_of(*copies[19]), now + timedelta(minutes=1))
    assert came.effect is Effect.HELD
    assert await suppressed(database) == {}
    async with database.begin() as session:
        assert len(await bounces.latest(session, held=True, limit=99)) == 20
        (told,) = await checkup.check(session, now=now)
        assert "20 addresses came back as gone in a burst" in str(told.told)
        found = await barring.undecided(session, campaign_id=campaign_id)
        assert found is not None
        assert found.would_be_barred == 20
        by = Actor.system("anne")
        undone = await barring.undo(session, campaign_id=campaign_id, by=by, why="mx", now=now)
        assert undone == (20, 0)
        assert await bounces.latest(session, held=True, limit=99) == []
        assert (await session.scalars(select(Audit.why))).all() == ["mx"]
    # Somebody has decided: one more is one, and no burst.
    came = await comes(database, bounce_of(*copies[20]), now + timedelta(minutes=2))
    assert came.effect is Effect.SUPPRESSED


async def test_a_late_burst_of_likely_ones_is_shown_until_somebody_decides(
    database: Database, now: datetime
) -> None:
    """Its campaign is over, so nothing pauses, and nothing of it is certain, so nothing is held."""
    async with database.begin() as session:
        copies = await sent(session, now, 40)
        campaign_id = await session.scalar(select(func.max(Campaign.id)))
        assert campaign_id is not None
    for number, email in copies[:19]:
        await comes(database, bounce_of(number, email, LIKELY), now)
    async with database.reading() as session:
        assert await checkup.check(session, now=now) == []
        assert await bounces.latest(session, held=True, limit=99) == []
    await comes(database, bounce_of(*copies[19], LIKELY), now)
    async with database.begin() as session:
        (told,) = await checkup.check(session, now=now)
        assert str(told.told) == (
            f"campaign {campaign_id}: 20 addresses came back as likely gone in a burst; "
            "nobody is barred"
        )
        shown = await bounces.latest(session, held=True, limit=99)
        assert {str(it.followed) for it in shown} == {"only noted: came in a burst"}
        assert len(shown) == 20
        undone = await barring.undo(session, campaign_id=campaign_id, now=now)
        assert undone == (20, 0)
        assert await checkup.check(session, now=now) == []
        assert await bounces.latest(session, held=True, limit=99) == []
        (one, *_) = await bounces.latest(session, limit=1)
        assert str(one.followed) == "taken back"


async def test_what_was_taken_back_is_no_burst_when_it_comes_again(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, email), now)
    async with database.begin() as session:
        key = (await session.scalars(select(Subscriber.address_key))).one()
        await barring.lift_address(session, address_key=key, now=now)
    await comes(database, bounce_of(number, email, LIKELY), now)
    async with database.reading() as session:
        assert await bounces.latest(session, held=True, limit=9) == []
        assert not (await session.scalars(select(Bounce.counts).order_by(Bounce.id.desc()))).first()


async def test_a_person_who_believes_a_burst_bars_its_addresses(
    database: Database, now: datetime
) -> None:
    campaign_id = await burst_of(database, now, 40, 20)
    assert await suppressed(database) == {}
    async with database.begin() as session:
        assert await barring.suppress(session, campaign_id=campaign_id, now=now) == 20
    assert len(await suppressed(database)) == 20
    async with database.begin() as session:
        with pytest.raises(barring.NoneOfProvider, match="but from orange"):
            await barring.undo(session, campaign_id=campaign_id, provider="sfr", now=now)
        undone = await barring.undo(session, campaign_id=campaign_id, provider="orange", now=now)
        assert undone == (20, 20)
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
