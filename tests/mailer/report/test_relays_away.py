"""Which campaigns wait for relays that do not answer, and how that is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from mailer.campaign import lifecycle
from mailer.engine import checkup
from mailer.models import RelayTrouble
from mailer.pacing.limits import Limits, Plan
from mailer.report import relays_away
from mailer.report.outlook import outlook
from mailer.smtp import troubles
from pli.database import Database
from pli.keys import Keys
from pli.language import N_, say
from subscribers import lists
from tests import factories as make
from tests.clock import NOW

PARIS = ZoneInfo("Europe/Paris")
BOTH = ("main", "secours")


@pytest.fixture
async def campaign_id(database: Database, keys: Keys, now: datetime) -> int:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 4, now=now)
        return (await make.a_campaign(session, keys, [members], now=now)).id


async def away(database: Database, name: str, *, refused: bool = False) -> None:
    async with database.begin() as session:
        await troubles.note(
            session, name=name, relay=f"{name}.example.org:25",
            reason=say(N_("it is not a URL")), refused=refused, rest=240,
        )  # fmt: skip


async def told(database: Database, *relays: str) -> dict[int, list[str]]:
    async with database.reading() as session:
        found = await relays_away.waits(session, relays, zone=PARIS)
    return {id_: [str(it.sentence) for it in holds] for id_, holds in found.items()}


async def test_it_is_told_since_when_and_when_the_relay_is_tried_again(
    database: Database, campaign_id: int
) -> None:
    assert await told(database, "main") == {}
    await away(database, "main")
    async with database.reading() as session:
        (trouble,) = await troubles.known(session)
        ahead = await outlook(
            session,
            campaign_id=campaign_id,
            plans={"main": Plan("main.example.org:25", Limits())},
            zone=PARIS,
        )
        checks = await checkup.check(session, zone=PARIS.key)
    since, at = (f"{it.astimezone(PARIS):%H:%M}" for it in (trouble.since, trouble.next_try_at))
    sentence = f"the relay does not answer since {since}; tried again at {at}"
    assert (await told(database, "main"))[campaign_id] == [sentence]
    assert [(it.kind, str(it.sentence), it.until) for it in ahead.held_by] == [
        ("relay_away", sentence, trouble.next_try_at)
    ]
    assert ahead.arrives_at is None
    assert f"main.example.org:25 does not answer since {since}" in " ".join(
        str(it.told) for it in checks
    )
    french = ahead.held_by[0].sentence.tell("fr")
    assert french.startswith(f"le relais ne répond pas depuis {since}")


async def test_a_trouble_that_began_on_another_day_names_the_day(
    database: Database, campaign_id: int
) -> None:
    await away(database, "main")
    async with database.begin() as session:
        (trouble,) = await troubles.known(session)
        before = trouble.since - timedelta(days=2)
        await session.execute(update(RelayTrouble).values(since=before))
    (sentence,) = (await told(database, "main"))[campaign_id]
    assert f"since {before.astimezone(PARIS):%Y-%m-%d %H:%M};" in sentence


async def test_with_another_relay_that_works_nothing_waits(
    database: Database, campaign_id: int
) -> None:
    await away(database, "main")
    assert await told(database, *BOTH) == {}
    async with database.begin() as session:
        await lists.edit(session, name="membres", relays=["main"], now=NOW)
    assert [it[:24] for it in (await told(database, *BOTH))[campaign_id]] == [
        "the relay main.example.o"
    ]
    async with database.begin() as session:
        await lists.edit(session, name="membres", relays=[], now=NOW)
    await away(database, "secours")
    assert len((await told(database, *BOTH))[campaign_id]) == 2


async def test_what_is_over_refused_or_tried_by_nobody_holds_nothing_back(
    database: Database, campaign_id: int
) -> None:
    await away(database, "main", refused=True)
    assert await told(database, "main") == {}
    await away(database, "main")
    assert campaign_id in await told(database, "main")
    async with database.begin() as session:
        await troubles.over(session, ["main"])
    assert await told(database, "main") == {}
    await away(database, "main")
    async with database.begin() as session:
        (trouble,) = await troubles.known(session)
        hour = timedelta(hours=1)
        await session.execute(update(RelayTrouble).values(next_try_at=trouble.next_try_at - hour))
    assert await told(database, "main") == {}, "no process tries any more"


async def test_a_paused_campaign_waits_for_no_relay(database: Database, campaign_id: int) -> None:
    await away(database, "main")
    async with database.begin() as session:
        await lifecycle.pause(session, campaign_id=campaign_id)
    assert await told(database, "main") == {}
