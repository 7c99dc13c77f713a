"""What holds a campaign back over all relays, and when its last copy leaves, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from mailer.campaign import lifecycle, scheduling
from mailer.campaign.sending_hours import SendingHours
from mailer.engine import workers
from mailer.engine.chore_sources import sources
from mailer.models import Batch
from mailer.pacing.limits import CAREFUL, Limits, Plan
from mailer.report.outlook import Outlook, outlook
from pli import chore_errands
from pli.chore_errands import ChoreName
from pli.chores import Again, Held, Kind, carry_out
from pli.database import Database
from pli.hours import Hour
from pli.keys import Keys
from pli.tables import Chore
from subscribers import lists
from subscribers.models import List
from tests import factories as make
from tests.clock import NOW

SLOW = Plan("slow.example.org", Limits(per_second=2), CAREFUL)
FAST = Plan("fast.example.org", Limits())


@pytest.fixture
async def campaign_id(database: Database, keys: Keys, now: datetime) -> int:
    """A running campaign to two lists: four copies to one, two to the other."""
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        others = await make.a_list(session, "autres", now=now)
        await make.members(session, keys, members, 4, now=now)
        for name in ("anne", "bernard"):
            await make.a_person(session, keys, name, others, now=now)
        return (await make.a_campaign(session, keys, [members, others], now=now)).id


async def a_worker(database: Database) -> None:
    async with database.begin() as session:
        await workers.register(
            session, host="h", pid=1, command="pli worker", version="0", relay="r"
        )


async def test_the_limit_of_the_only_relay_is_told_without_its_name(
    database: Database, campaign_id: int
) -> None:
    async with database.reading() as session:
        ahead = await outlook(session, campaign_id=campaign_id, plans={"main": SLOW})
    assert [str(it.sentence) for it in ahead.held_by] == ["relay: 2 copies a second"]
    assert ahead.arrives_at is None, "nobody sends"


async def test_each_relay_answers_for_the_lists_that_go_by_it(
    database: Database, campaign_id: int
) -> None:
    plans = {"main": FAST, "secours": SLOW}
    async with database.reading() as session:
        assert (await outlook(session, campaign_id=campaign_id, plans=plans)).held_by == []
    async with database.begin() as session:
        # A relay that is no longer in the settings is passed over.
        await lists.edit(session, name="autres", relays=["disparu", "secours"], now=NOW)
    async with database.reading() as session:
        (hold,) = (await outlook(session, campaign_id=campaign_id, plans=plans)).held_by
    assert (hold.kind, str(hold.sentence)) == ("relay_rate", "secours: relay: 2 copies a second")


async def test_a_sending_that_cannot_be_closed_says_so_until_it_is(
    database: Database, campaign_id: int
) -> None:
    async def told(language: str = "en") -> list[str]:
        async with database.reading() as session:
            ahead = await outlook(session, campaign_id=campaign_id, plans={"main": FAST})
        assert {it.kind for it in ahead.held_by} <= {"undone"}
        return [it.sentence.tell(language) for it in ahead.held_by]

    async def cannot(_: int) -> None:
        raise KeyError("a fault of ours")

    async with database.begin() as session:
        await session.execute(update(Batch).values(pending=0, sent=Batch.pending))
    finish = Kind("finish", cannot, delays=(60.0,), source=sources()["finish"])
    assert await told() == []
    assert isinstance(await carry_out(database, finish, campaign_id), Again)
    (tried_again,) = await told()
    assert "could not be closed (KeyError): it is tried again at" in tried_again
    async with database.begin() as session:
        await session.execute(update(Chore).values(due_at=NOW - timedelta(days=900)))
    assert isinstance(await carry_out(database, finish, campaign_id), Held)
    (held,) = await told()
    assert f'"pli queue retry finish:{campaign_id}"' in held
    assert "l’envoi n’a pas pu être clos (KeyError)" in (await told("fr"))[0]
    # Given up by a person, it still says so, and can be tried again.
    name = ChoreName("finish", campaign_id)
    for act, says in ((chore_errands.forget, [held]), (chore_errands.retry, [])):
        async with database.begin() as session:
            await act(session, name)
        assert await told() == says


@pytest.mark.usefixtures("campaign_id")
async def test_a_sending_that_cannot_be_started_at_its_hour_says_so(
    database: Database, keys: Keys
) -> None:
    async def cannot(_: int) -> None:
        raise KeyError("a fault of ours")

    async with database.begin() as session:
        members = (await session.scalars(select(List).limit(1))).one()
        draft = await make.a_draft(session, keys, [members], now=NOW, of=make.letter(number=2))
        await scheduling.schedule(session, campaign_id=draft.id, at=NOW, zone="UTC")
    launch = Kind("launch", cannot, delays=(60.0,), source=sources()["launch"])
    for expected, says in (
        (None, None),
        (Again, "could not be started (KeyError): it is tried again at"),
        (Held, f'"pli queue retry launch:{draft.id}"'),
    ):
        if expected is not None:
            assert isinstance(await carry_out(database, launch, draft.id), expected)
        async with database.begin() as session:
            ahead = await outlook(session, campaign_id=draft.id, plans={"main": SLOW})
            await session.execute(update(Chore).values(due_at=NOW - timedelta(days=900)))
        told = [it.sentence.tell("en") for it in ahead.held_by]
        assert (told == []) if says is None else (len(told) == 1 and says in told[0])
        assert ahead.arrives_at is None
    assert "n’a pas pu être lancé (KeyError)" in ahead.held_by[0].sentence.tell("fr")


async def test_no_arrival_is_told_that_lies_after_the_campaigns_end(
    database: Database, campaign_id: int
) -> None:
    await a_worker(database)
    now = datetime.now(UTC)
    # Later than any outlook is asked for, and before the six copies can have left.
    for end, arrives in ((now + timedelta(days=1), True), (now + timedelta(seconds=2), False)):
        async with database.begin() as session:
            hours = SendingHours(end=Hour(end, "UTC"))
            await scheduling.set_hours(session, campaign_id=campaign_id, hours=hours)
            await workers.beat(session, 1, workers.Figures(1, 0, 1.0))
        async with database.reading() as session:
            ahead = await outlook(session, campaign_id=campaign_id, plans={"main": SLOW})
        assert (ahead.arrives_at is not None) == arrives


async def test_a_campaign_that_does_not_run_has_no_outlook(
    database: Database, campaign_id: int
) -> None:
    async with database.begin() as session:
        await lifecycle.pause(session, campaign_id=campaign_id)
    async with database.reading() as session:
        for asked in (campaign_id, campaign_id + 1):
            assert await outlook(session, campaign_id=asked, plans={"main": SLOW}) == Outlook()
    async with database.begin() as session:
        await lifecycle.resume(session, campaign_id=campaign_id)
    async with database.reading() as session:
        assert await outlook(session, campaign_id=campaign_id, plans={}) == Outlook()
