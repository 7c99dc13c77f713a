"""Quiet hours and an end: copies not on the wire by then wait, for the morning or for a person."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from time import monotonic

import pytest
from sqlalchemy import select, update

from mailer.campaign import lifecycle, scheduling, sending_hours
from mailer.campaign.finding import CampaignError, find_campaign, reason_of
from mailer.campaign.sending_hours import ALWAYS, SendingHours
from mailer.ledger import claiming, leasing
from mailer.models import Batch, Campaign, CampaignState
from pli.database import Database
from pli.hours import Hour, zone_of
from pli.keys import Keys
from pli.quiet import Opening, Quiet
from tests import factories as make
from tests.mailer.engine.running import ends, first_copy, prepared, rests, silent, working
from tests.relay import Relay
from tests.waiting import until_true

NIGHT = Quiet(time(21), time(7))


@pytest.fixture
def now() -> datetime:
    """The real time, for the engine uses the database's own clock."""
    return datetime.now(UTC)


def quiet_in(seconds: float, *, ends: bool = False) -> SendingHours:
    """Quiet hours that begin, or end, in `seconds`: the zone is chosen so that this is true now."""
    wanted = timedelta(hours=7 if ends else 21) - timedelta(seconds=seconds)
    at = datetime.now(UTC)
    offset = wanted - timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
    offset -= timedelta(microseconds=at.microsecond)
    minutes = offset // timedelta(minutes=1)
    rest = offset - timedelta(minutes=minutes)
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    if sign == "-" and rest:
        minutes, rest = minutes - 1, timedelta(minutes=1) - rest
    zone = f"{sign}{minutes // 60:02}:{minutes % 60:02}:{rest.total_seconds():09.6f}"
    return SendingHours(NIGHT, zone)


def end_in(seconds: float) -> SendingHours:
    return SendingHours(end=Hour(datetime.now(UTC) + timedelta(seconds=seconds), "Europe/Paris"))


async def set_hours(database: Database, campaign_id: int, hours: SendingHours) -> None:
    async with database.begin() as session:
        await scheduling.set_hours(session, campaign_id=campaign_id, hours=hours)


async def statuses(database: Database, campaign_id: int) -> Counter[str]:
    return Counter(status for status, _ in (await ends(database, campaign_id)).values())


async def one_is_uncertain(database: Database, campaign_id: int) -> bool:
    return (await statuses(database, campaign_id))["uncertain"] == 1


async def test_quiet_hours_that_begin_stop_the_copies_of_a_running_campaign(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=100, batch_size=100)
    with Relay(delay=0.2).running() as relay:
        async with working(database, keys, relay.url, connections=2):
            await first_copy(relay)
            hours = quiet_in(1.5)
            begin = monotonic() + 1.5
            await set_hours(database, campaign_id, hours)
            count = await silent(relay)
            # The relay itself saw when its last copy came. By then this process may be late, too.
            assert relay.arrivals()[-1] < begin + 5
            assert 0 < count < 100
            assert await statuses(database, campaign_id) == {"sent": count, "pending": 100 - count}
            async with database.reading() as session:
                assert await session.scalar(select(Campaign.state)) is CampaignState.RUNNING
                assert await session.scalar(select(Batch.takings)) == 0
                (held,) = await sending_hours.held(session, campaign_id)
            assert (held.kind, str(held.sentence)) == (
                "quiet_hours",
                "quiet hours: goes on at 07:00",
            )
            assert held.until is not None
            assert held.until.astimezone(zone_of(hours.zone)).time() == time(7)
            # Long enough for several sweeps, none of which takes the batch.
            await asyncio.sleep(1.5)
            assert len(relay.received) == count
            relay.delay = 0
            await set_hours(database, campaign_id, ALWAYS)
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    copies = await ends(database, campaign_id)
    assert relay.recipients == dict.fromkeys(copies, 1)


async def test_a_campaign_started_in_quiet_hours_sends_when_they_end(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=5)
    begins = datetime.now(UTC) + timedelta(seconds=2)
    await set_hours(database, campaign_id, quiet_in(2, ends=True))
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            await asyncio.sleep(1)
            assert relay.received == []
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert begins <= datetime.now(UTC)
    assert len(relay.received) == 5


async def test_another_campaign_goes_on_while_one_is_quiet(
    database: Database, keys: Keys, now: datetime
) -> None:
    quiet_one = await prepared(database, keys, now, count=4)
    await set_hours(database, quiet_one, quiet_in(-60))
    async with database.begin() as session:
        others = await make.a_list(session, "autres", now=now)
        await make.a_person(session, keys, "autre", others, now=now)
        campaign = await make.a_campaign(
            session, keys, [others], now=now, of=make.letter(number=13)
        )
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, campaign.id) is CampaignState.FINISHED
    assert list(relay.recipients) == ["autre@example.org"]
    assert await statuses(database, quiet_one) == {"pending": 4}


async def test_what_a_dead_worker_left_is_settled_in_quiet_hours_too(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=4, batch_size=4)
    async with database.begin() as session:
        batch_id = await session.scalar(select(Batch.id))
        assert batch_id is not None
        taken = await session.run_sync(leasing.take, batch_id=batch_id, lease=7)
        assert taken is not None
        await session.run_sync(claiming.claim, taken, size=1)
        await leasing.end_leases(session)
    await set_hours(database, campaign_id, quiet_in(-60))
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            await until_true(lambda: one_is_uncertain(database, campaign_id))
            await asyncio.sleep(0.7)
    assert relay.received == []
    assert await statuses(database, campaign_id) == {"pending": 3, "uncertain": 1}


async def test_an_end_that_passes_pauses_the_campaign_and_resume_removes_it(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=100, batch_size=100)
    with Relay(delay=0.2).running() as relay:
        async with working(database, keys, relay.url, connections=2):
            await first_copy(relay)
            end = end_in(1.5)
            assert end.end is not None
            begin = monotonic() + 1.5
            await set_hours(database, campaign_id, end)
            assert await rests(database, campaign_id) is CampaignState.PAUSED
            assert end.end.moment <= datetime.now(UTC)
            count = await silent(relay)
            assert relay.arrivals()[-1] < begin + 5
            relay.delay = 0
            assert 0 < count < 100
            assert await statuses(database, campaign_id) == {"sent": count, "pending": 100 - count}
            async with database.reading() as session:
                campaign = await find_campaign(session, campaign_id)
                reason = reason_of(campaign)
            assert "(Europe/Paris), has passed" in str(reason)
            assert f"pli campaign cancel {campaign_id}" in str(reason)
            async with database.begin() as session:
                await lifecycle.resume(session, campaign_id=campaign_id)
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    copies = await ends(database, campaign_id)
    assert relay.recipients == dict.fromkeys(copies, 1)
    async with database.reading() as session:
        assert await session.scalar(select(Campaign.not_after)) is None


async def test_an_end_that_passes_when_no_copy_waits_pauses_nothing(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=5)
    with Relay().running() as relay:
        await set_hours(database, campaign_id, end_in(30))
        async with working(database, keys, relay.url):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    async with database.begin() as session:
        await session.execute(
            update(Campaign).values(state=CampaignState.RUNNING, not_after=now - timedelta(hours=1))
        )
        assert (await session.scalars(scheduling.ended())).all() == []
        assert not await scheduling.end(session, campaign_id=campaign_id)


async def test_resuming_keeps_an_end_in_the_future(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=1)
    hours = end_in(3600)
    await set_hours(database, campaign_id, hours)
    async with database.begin() as session:
        await lifecycle.pause(session, campaign_id=campaign_id)
        await lifecycle.resume(session, campaign_id=campaign_id)
    async with database.reading() as session:
        campaign = await find_campaign(session, campaign_id)
        assert SendingHours.of(campaign) == hours


async def test_the_hours_of_a_finished_campaign_cannot_be_changed(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await prepared(database, keys, now, count=1)
    async with database.begin() as session:
        await lifecycle.cancel(session, campaign_id=campaign_id, now=now)
    with pytest.raises(CampaignError, match="cancelled"):
        await set_hours(database, campaign_id, ALWAYS)


NOON = datetime(2026, 11, 25, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("quiet", "end", "opening"),
    [
        (None, None, Opening(True, None)),
        (None, NOON + timedelta(hours=1), Opening(True, NOON + timedelta(hours=1))),
        (None, NOON, Opening(False, None)),
        ("21:00-07:00", None, Opening(True, NOON + timedelta(hours=9))),
        ("21:00-07:00", NOON + timedelta(hours=1), Opening(True, NOON + timedelta(hours=1))),
        ("21:00-07:00", NOON + timedelta(hours=10), Opening(True, NOON + timedelta(hours=9))),
        ("11:00-13:00", None, Opening(False, NOON + timedelta(hours=1))),
        ("11:00-13:00", NOON, Opening(False, None)),
    ],
)
def test_quiet_hours_and_an_end_together(
    quiet: str | None, end: datetime | None, opening: Opening
) -> None:
    hours = SendingHours(
        Quiet.parse(quiet) if quiet else None,
        "Europe/Paris",
        Hour(end, "Europe/Paris") if end else None,
    )
    assert hours.opening(NOON) == opening
