"""Releases: once, of what was seen, at an hour that is near; and the stop before the first copy."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from mailer.campaign import freezing, lifecycle, ordering, releasing, scheduling, ticking
from mailer.campaign.finding import CampaignError
from mailer.campaign.ordering import OrderError
from mailer.intake import checkup
from mailer.models import Audience, Campaign, CampaignState, Delivery
from mailer.report import readiness
from mailer.report.readiness import worst_first
from pli import audit, checks
from pli.actor import Actor
from pli.audit import AuditAction, AuditObject
from pli.database import Database
from pli.errors import PliError
from pli.keys import Keys
from pli.language import say
from subscribers.models import Basis, Import, ImportState
from tests import factories as make

ANNE, BRUNO = Actor.account(101, "Anne"), Actor.account(102, "Bruno")
LATEST = timedelta(hours=2)


async def a_ready_draft(
    database: Database, keys: Keys, now: datetime, people: int = 3
) -> tuple[int, str, int]:
    """A draft: its id, its hash, its list."""
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, people, now=now)
        made = await make.a_draft(session, keys, [members], by=ANNE, now=now)
        return made.id, made.frozen_hash, members.id


async def test_two_people_who_press_at_once_make_one_sending(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id, seen, _ = await a_ready_draft(database, keys, now)

    async def press(by: Actor) -> str:
        try:
            async with database.begin() as session:
                await releasing.release(
                    session, campaign_id=campaign_id, at=now + timedelta(minutes=1), zone="UTC",
                    number=3, seen_hash=seen, by=by, now=now,
                )  # fmt: skip
        except PliError as refused:
            return str(refused)
        return "released"

    said = await asyncio.gather(press(ANNE), press(BRUNO), press(BRUNO))
    assert sorted(said)[2] == "released"
    assert [it for it in said if "has released campaign" in it] == sorted(said)[:2]
    async with database.reading() as session:
        row = await session.get_one(Campaign, campaign_id)
        assert row.state is CampaignState.SCHEDULED
        events = await audit.events(
            session, kind=AuditObject.CAMPAIGN, object_id=campaign_id, action=AuditAction.RELEASED
        )
    assert len(events.events) == 1


async def test_a_release_is_of_what_was_seen_and_of_an_hour_within_a_year(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id, seen, _ = await a_ready_draft(database, keys, now)
    options = {"campaign_id": campaign_id, "zone": "UTC", "number": 3, "by": ANNE, "now": now}
    for changes, why in (
        ({"seen_hash": "another"}, "changed meanwhile"),
        ({"at": now.replace(year=9999)}, "more than a year ahead"),
        ({"second_person": True}, "second person"),
    ):
        given = {"at": now + timedelta(minutes=1), "seen_hash": seen, **options, **changes}
        with pytest.raises(PliError, match=why):
            async with database.begin() as session:
                await releasing.release(session, **given)  # type: ignore[arg-type]
    async with database.reading() as session:
        assert (await session.get_one(Campaign, campaign_id)).state is CampaignState.DRAFT


async def test_a_release_is_stopped_before_the_first_copy_and_not_after(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id, seen, _ = await a_ready_draft(database, keys, now)
    for approved in (False, True):
        async with database.begin() as session:
            if approved:
                await lifecycle.approve(session, campaign_id=campaign_id, by=BRUNO, now=now)
            await releasing.release(
                session, campaign_id=campaign_id, at=now, zone="UTC", number=3, seen_hash=seen,
                by=ANNE, now=now,
            )  # fmt: skip
            await releasing.unschedule(session, campaign_id=campaign_id, by=BRUNO, now=now)
        async with database.reading() as session:
            row = await session.get_one(Campaign, campaign_id)
            assert row.state.value == ("approved" if approved else "draft")
            assert (row.released_by, row.released_count, row.scheduled_at) == (None, None, None)
    async with database.begin() as session:
        await releasing.release(
            session, campaign_id=campaign_id, at=now, zone="UTC", number=3, seen_hash=seen,
            by=ANNE, now=now,
        )  # fmt: skip
        assert await scheduling.launch(
            session, campaign_id=campaign_id, batch_size=10, latest=timedelta(days=9_000), now=now
        )
        with pytest.raises(CampaignError, match="running"):
            await releasing.unschedule(session, campaign_id=campaign_id, by=BRUNO, now=now)
        await lifecycle.pause(session, campaign_id=campaign_id, by=BRUNO)
        with pytest.raises(CampaignError, match="paused"):
            await releasing.release(
                session, campaign_id=campaign_id, at=now, zone="UTC", number=3, seen_hash=seen,
                by=ANNE, now=now,
            )  # fmt: skip


@pytest.mark.parametrize(("then", "starts"), [(3, True), (4, False), (2, False)])
async def test_at_its_hour_only_a_change_above_a_fifth_holds_the_sending(
    database: Database, keys: Keys, now: datetime, then: int, starts: bool
) -> None:
    campaign_id, seen, _ = await a_ready_draft(database, keys, now)
    async with database.begin() as session:
        await releasing.release(
            session, campaign_id=campaign_id, at=now, zone="UTC", number=then, seen_hash=seen,
            by=ANNE, now=now,
        )  # fmt: skip
    refused = nullcontext() if starts else pytest.raises(CampaignError, match=f": {then} then")
    with refused:
        async with database.begin() as session:
            assert await scheduling.launch(
                session,
                campaign_id=campaign_id,
                batch_size=10,
                latest=timedelta(days=9_000),
                now=now,
            )
    async with database.reading() as session:
        copies = await session.scalar(select(func.count()).select_from(Delivery))
        assert copies == (3 if starts else 0)


async def test_a_letter_that_went_out_meanwhile_is_not_released_again(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id, seen, list_id = await a_ready_draft(database, keys, now)
    async with database.begin() as session:
        await session.refresh(made := await session.get_one(Campaign, campaign_id))
        await freezing.create(
            session, frozen=make.frozen(make.letter("# Autre\n\nx\n")), list_ids=[list_id],
            audience=Audience.FIRST, token_key=keys.current, retry_delays=(), by=BRUNO, now=now,
        )  # fmt: skip
        with pytest.raises(OrderError, match="with another text"):
            await ordering.refuse_a_double(session, made)
        points, _ = await readiness.of_lists(session, made, at=now, notified=True)
        assert [it.sentence.tell("en") for it in points if it.stops]
    with pytest.raises(OrderError):
        async with database.begin() as session:
            await releasing.release(
                session, campaign_id=campaign_id, at=now, zone="UTC", number=3, seen_hash=seen,
                by=ANNE, now=now,
            )  # fmt: skip


async def test_a_small_campaign_is_not_warned_that_no_answer_ever_came(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id, _, _ = await a_ready_draft(database, keys, now)
    async with database.reading() as session:
        campaign = await session.get_one(Campaign, campaign_id)
        points, _ = await readiness.of_lists(session, campaign, at=now, notified=True)
    assert points == []
    doctor = [checks.warn("answers", say(checkup.NOTHING), say(checkup.SET_UP))]
    assert readiness.of_machine(doctor) == []


async def test_findings_stand_worst_first_and_a_tick_stays_with_its_words(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id, _, list_id = await a_ready_draft(database, keys, now, checkup.SMALL + 1)
    async with database.begin() as session:
        session.add(
            Import(
                file="gens.csv",
                list_id=list_id,
                basis=Basis.MEMBER,
                source="x",
                state=ImportState.RUNNING,
                at=now,
                added=0,
                updated=0,
                unchanged=0,
                rejected=0,
                objected=0,
            )
        )
        campaign = await session.get_one(Campaign, campaign_id)
        campaign.quiet_hours, campaign.quiet_zone = "00:00-23:59", "UTC"
        await session.flush()
        of_lists, foreseen = await readiness.of_lists(session, campaign, at=now, notified=False)
        machine = readiness.of_machine(
            [
                checks.fine("dns", say("fine")),
                checks.wrong("relay", say("no relay answers")),
                checks.warn("answers", say(checkup.NOTHING), say(checkup.SET_UP)),
            ]
        )
        text = await freezing.frozen_text(session, campaign_id)
        letter = readiness.of_letter(text, ())
        points = worst_first([*letter, *of_lists, *machine])
        told = [it.sentence.tell("en") for it in points]
        assert foreseen is not None
        assert foreseen.receiving == checkup.SMALL + 1
        assert told.count(checkup.NOTHING) == 1, "of so many copies, and only once"
        assert (points[0].stops, told[0]) == (True, "no relay answers")
        for some in ("people are being read", "within the quiet hours", "nobody is told by mail"):
            assert any(some in it for it in told), some
        warning = points[-1]
        await ticking.tick(
            session, campaign_id=campaign_id, warnings={warning.key: warning.sentence}, by=BRUNO,
            now=now,
        )  # fmt: skip
        await ticking.tick(
            session, campaign_id=campaign_id, warnings={warning.key: warning.sentence}, by=ANNE,
            now=now,
        )  # fmt: skip
        (ticked,) = await ticking.ticked(session, campaign_id)
        assert (ticked.key, ticked.by) == (warning.key, BRUNO)
        assert ticked.sentence.tell("en") == warning.sentence.tell("en")
        again = {it.key for it in readiness.of_letter(text, ())}
        assert again == {it.key for it in letter}
