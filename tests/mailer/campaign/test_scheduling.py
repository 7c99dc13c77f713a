"""A campaign starts by itself at its hour, once, for the people on its lists then; or it asks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from accounts.rights import Right
from mailer.campaign import lifecycle, list_lock, scheduling
from mailer.campaign.finding import CampaignError, find_campaign, reason_of
from mailer.campaign.sending_hours import SendingHours
from mailer.engine.chore_sources import sources
from mailer.engine.relay_watch import Patience
from mailer.models import Batch, Campaign, CampaignState, Delivery, Status
from mailer.notices.trouble_mail import Office
from mailer.report import summary
from pli import chore_look
from pli.actor import Actor
from pli.chores import Again, Held, Kind, carry_out
from pli.database import Database
from pli.hours import Hour
from pli.keys import Keys
from pli.tables import Chore
from subscribers.models import List
from tests import factories as make
from tests.mailer.engine.running import ends, rests, working
from tests.relay import Relay
from tests.waiting import until_true

LATEST = timedelta(hours=2)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


async def scheduled(database: Database, keys: Keys, now: datetime, at: datetime) -> int:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 3, now=now)
        campaign = await make.a_draft(session, keys, [members], now=now)
        await scheduling.schedule(
            session,
            campaign_id=campaign.id,
            at=at,
            zone="Europe/Paris",
        )
    return campaign.id


async def state(database: Database) -> CampaignState | None:
    async with database.reading() as session:
        return await session.scalar(select(Campaign.state))


async def finished(database: Database) -> bool:
    return await state(database) is CampaignState.FINISHED


async def test_at_its_hour_a_campaign_goes_to_the_people_on_the_list_then(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await scheduled(database, keys, now, now + timedelta(seconds=1.5))
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            async with database.reading() as session:
                before = await summary.progress(session, campaign_id)
            assert (before.state, before.prepared) == (CampaignState.SCHEDULED, 0)
            assert before.starts is not None
            async with database.begin() as session:
                members = (await session.scalars(select(List))).one()
                for name in ("nouvelle", "nouveau"):
                    await make.a_person(session, keys, name, members, now=now)
            await until_true(lambda: finished(database))
    assert datetime.now(UTC) >= now + timedelta(seconds=1.5)
    assert len(relay.recipients) == 5
    assert set((await ends(database, campaign_id)).values()) == {("sent", None)}


async def test_a_campaign_is_launched_once_though_several_ask(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await scheduled(database, keys, now, now - timedelta(seconds=1))

    async def launch() -> bool:
        async with database.begin() as session:
            return await scheduling.launch(
                session, campaign_id=campaign_id, batch_size=2, latest=LATEST, now=now
            )

    assert sorted(await asyncio.gather(*(launch() for _ in range(4)))) == [False] * 3 + [True]
    async with database.reading() as session:
        assert len((await session.scalars(select(Batch.id))).all()) == 2


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_person_may_start_a_campaign_at_the_very_moment_of_its_hour(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await scheduled(database, keys, now, now - timedelta(seconds=1))
    real = list_lock.lock_lists
    locked = asyncio.Event()

    async def lock_lists(*given: Any, **named: Any) -> bool:
        held = await real(*given, **named)
        if not locked.is_set():
            locked.set()
            await asyncio.sleep(0.3)
        return held

    monkeypatch.setattr(list_lock, "lock_lists", lock_lists)

    async def start() -> None:
        async with database.begin() as session:
            await lifecycle.prepare(session, campaign_id=campaign_id, batch_size=100, now=now)
            await lifecycle.start(session, campaign_id=campaign_id, now=now)

    starting = asyncio.create_task(start())
    await locked.wait()
    async with database.begin() as session:
        assert not await scheduling.launch(
            session, campaign_id=campaign_id, batch_size=100, latest=LATEST, now=now
        )
    await starting
    assert await state(database) is CampaignState.RUNNING


async def held(database: Database, campaign_id: int) -> bool:
    async with database.reading() as session:
        return reason_of(await find_campaign(session, campaign_id)) is not None


async def test_a_campaign_long_past_its_hour_waits_for_a_person_to_start_it(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await scheduled(database, keys, now, now - timedelta(hours=3))
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", Right.SENDER, now=now)
        anne.language = "fr"
        by = Actor.account(anne.id, anne.name)
        await scheduling.schedule(
            session, campaign_id=campaign_id, at=now - timedelta(hours=3), zone="UTC", by=by
        )
    told = Patience(office=Office(("anne@example.org",), make.IDENTITY, "en", "UTC"))
    with Relay().running() as relay:
        async with working(database, keys, relay.url, patience=told):
            # The engine's sweep holds the campaign, and writes the reason into its row.
            await until_true(lambda: held(database, campaign_id))
            await until_true(lambda: relay.received)
            mail = relay.received[0].message
            assert "n’est pas partie à son heure" in mail["Subject"], "in her language, and once"
            async with database.reading() as session:
                campaign = await find_campaign(session, campaign_id)
                assert (await session.scalars(scheduling.launchable())).all() == []
            assert campaign.state is CampaignState.SCHEDULED
            assert "nothing ran at its hour" in str(reason_of(campaign))
            async with database.begin() as session:
                await lifecycle.prepare(session, campaign_id=campaign_id, batch_size=100, now=now)
                await lifecycle.start(session, campaign_id=campaign_id, now=now)
            await until_true(lambda: finished(database))
    async with database.reading() as session:
        assert reason_of(await find_campaign(session, campaign_id)) is None
    # That it was sent is told, too, if the engine ran for long enough.
    late = [it for it in relay.received if "pas partie à son heure" in it.message["Subject"]]
    assert [it.recipient for it in late] == ["anne@example.org"], "once, though she is the office"
    assert len(relay.recipients) == 4


async def test_a_campaign_changed_after_its_approval_does_not_start_by_itself(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await scheduled(database, keys, now, now - timedelta(seconds=1))
    async with database.begin() as session:
        await session.execute(update(Campaign).values(approved_hash="0" * 64))
    url = "https://lettres.example.org"
    told = Patience(office=Office(("bureau@example.org",), make.IDENTITY, "en", "UTC", url))
    with Relay().running() as relay:
        async with working(database, keys, relay.url, patience=told):
            await until_true(lambda: held(database, campaign_id))
            await until_true(lambda: relay.received)
    async with database.reading() as session:
        campaign = await find_campaign(session, campaign_id)
    assert campaign.state is CampaignState.SCHEDULED
    assert "not what was approved" in str(reason_of(campaign))
    assert dict(relay.recipients) == {"bureau@example.org": 1}, "the office alone, and once"
    mail = relay.received[0].message
    assert mail["Subject"] == f"Pli: letter {campaign.number} did not start at its hour"
    text = mail.get_content()
    for words in ("not what was approved", f"{url}/office/sendings/{campaign_id}"):
        assert words in text


async def test_a_rule_that_can_no_longer_be_read_holds_only_its_own_campaign(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await scheduled(database, keys, now, now - timedelta(seconds=1))
    async with database.begin() as session:
        await session.execute(update(Campaign).values(rule="mandat = 1"))
        members = (await session.scalars(select(List))).one()
        other = await make.a_campaign(session, keys, [members], now=now, of=make.letter(number=13))
    with Relay().running() as relay:
        async with working(database, keys, relay.url):
            assert await rests(database, other.id) is CampaignState.FINISHED
    async with database.reading() as session:
        campaign = await find_campaign(session, campaign_id)
    assert campaign.state is CampaignState.SCHEDULED
    assert "mandat" in str(reason_of(campaign))


async def test_a_draft_without_a_second_approval_cannot_be_scheduled(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        campaign = await make.a_draft(session, keys, [members], now=now)
        with pytest.raises(CampaignError, match="second person"):
            await scheduling.schedule(
                session, campaign_id=campaign.id, at=now + LATEST, zone="UTC", second_person=True
            )


async def test_what_failed_before_does_not_hold_up_what_a_person_ordered_since(
    database: Database, keys: Keys, now: datetime
) -> None:
    past = now - timedelta(seconds=1)
    campaign_id = await scheduled(database, keys, now, past)

    async def fails(_: int) -> None:
        raise KeyError("a fault of ours")

    async def due() -> list[str]:
        wanted = chore_look.due_chores(offered=[], sources=sources())
        async with database.reading() as session:
            return [kind for kind, _ in await chore_look.look(session, wanted)]

    async def has_failed(name: str, *, held: bool) -> None:
        assert await due() == [name]
        kind = Kind(name, fails, delays=(3_600.0,), source=sources()[name])
        assert isinstance(await carry_out(database, kind, campaign_id), Again)
        if held:
            async with database.begin() as session:
                await session.execute(update(Chore).values(due_at=past))
            assert isinstance(await carry_out(database, kind, campaign_id), Held)
        assert await due() == []

    for held in (False, True):
        await has_failed("launch", held=held)
        async with database.begin() as session:
            await scheduling.schedule(session, campaign_id=campaign_id, at=past, zone="UTC")
    assert await due() == ["launch"]
    async with database.begin() as session:
        await lifecycle.prepare(session, campaign_id=campaign_id, batch_size=2, now=now)
        await lifecycle.start(session, campaign_id=campaign_id, now=now)
    ended = SendingHours(end=Hour(past, "UTC"))
    for held in (False, True):
        async with database.begin() as session:
            await scheduling.set_hours(session, campaign_id=campaign_id, hours=ended)
        await has_failed("end", held=held)
    async with database.begin() as session:
        await lifecycle.resume(session, campaign_id=campaign_id)
        await session.execute(update(Batch).values(pending=0, failed=Batch.pending))
        await session.execute(update(Delivery).values(status=Status.FAILED, reason="policy"))
    await has_failed("finish", held=True)
    async with database.begin() as session:
        await lifecycle.retry(session, campaign_id=campaign_id, uncertain=False, failed=True)
        await session.execute(update(Batch).values(pending=0, sent=Batch.pending))
    assert await due() == ["finish"]
