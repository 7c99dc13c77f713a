"""Campaigns of a copy or a backup wait, each with its reason, until a person adopts it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailer.campaign import adoption, lifecycle, scheduling
from mailer.campaign.finding import find_campaign, reason_of
from mailer.models import CampaignState
from pli.database import Database
from pli.keys import Keys
from pli.language import say
from tests import factories as make

WHY = say("it is a copy")


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


async def begun(database: Database, keys: Keys, now: datetime) -> dict[str, int]:
    """One campaign that runs, one that a person holds, one that is scheduled, one for nobody."""
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        nobody = await make.a_list(session, "personne", now=now)
        await make.members(session, keys, members, 5, now=now)
        runs = await make.a_campaign(session, keys, [members], now=now)
        two = make.letter(number=295)
        held = await make.a_campaign(session, keys, [members], of=two, now=now)
        await lifecycle.pause(session, campaign_id=held.id, reason=say("by hand"))
        found = {"runs": runs.id, "held": held.id}
        for name, list_ in (("scheduled", members), ("empty", nobody)):
            three = make.letter(number=296)
            draft = await make.a_draft(session, keys, [list_], of=three, now=now)
            at = now + timedelta(hours=1)
            await scheduling.schedule(session, campaign_id=draft.id, at=at, zone="Europe/Paris")
            found[name] = draft.id
    return found


async def states(database: Database, ids: dict[str, int]) -> dict[str, tuple[str, str]]:
    async with database.reading() as session:
        found = {name: await find_campaign(session, it) for name, it in ids.items()}
    return {
        name: (it.state.value, str(reason_of(it)) if it.reason else "")
        for name, it in found.items()
    }


async def test_what_runs_is_paused_what_is_scheduled_is_held_and_both_go_on(
    database: Database, keys: Keys, now: datetime
) -> None:
    ids = await begun(database, keys, now)
    before = await states(database, ids)
    for _ in range(2):  # each engine that starts holds them
        async with database.begin() as session:
            await adoption.hold(session, why=WHY)
            assert (await session.scalars(scheduling.launchable())).all() == []
    during = await states(database, ids)
    assert during["runs"][0] == "paused"
    assert during["scheduled"][0] == during["empty"][0] == "scheduled"
    for name in ("runs", "scheduled", "empty"):
        assert "it is a copy" in during[name][1]
        assert "pli db adopt" in during[name][1]
    assert during["held"] == before["held"]
    async with database.begin() as session:
        assert list(await adoption.let_go(session)) == [
            ids[name] for name in ("runs", "scheduled", "empty")
        ]
    assert await states(database, ids) == before


async def test_what_may_be_doubled_is_told_in_numbers_and_nothing_is_changed_by_it(
    database: Database, keys: Keys, now: datetime
) -> None:
    ids = await begun(database, keys, now)
    before = await states(database, ids)
    async with database.begin() as session:
        found = {it.campaign: it for it in await adoption.at_stake(session, now=now)}
    told = {name: found[number] for name, number in ids.items()}
    assert {name: it.doubled for name, it in told.items()} == {
        "runs": 5, "held": 5, "scheduled": 5, "empty": 0,
    }  # fmt: skip
    assert {name: it.held for name, it in told.items()} == {
        "runs": True, "held": False, "scheduled": True, "empty": True,
    }  # fmt: skip
    assert "0 of 5 have it" in str(told["runs"].tell())
    assert "up to 5 people" in str(told["scheduled"].tell())
    assert await states(database, ids) == before


async def test_a_backup_holds_them_with_its_hour(
    database: Database, keys: Keys, now: datetime
) -> None:
    ids = await begun(database, keys, now)
    async with database.begin() as session:
        await adoption.mark_backup(session, time="2026-11-24 09:00")
    held = await states(database, ids)
    assert held["runs"][1].startswith("from a backup of 2026-11-24 09:00")
    assert held["scheduled"][1].startswith("from a backup of 2026-11-24 09:00")
    async with database.begin() as session:
        assert len(await adoption.let_go(session)) == 3


async def test_nothing_is_at_stake_where_nothing_was_begun(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 2, now=now)
        draft = await make.a_draft(session, keys, [members], now=now)
        assert not await adoption.anything_at_stake(session)
        await lifecycle.prepare(session, campaign_id=draft.id, batch_size=10, now=now)
        assert not await adoption.anything_at_stake(session)
        await lifecycle.start(session, campaign_id=draft.id, now=now)
        assert await adoption.anything_at_stake(session)
        await lifecycle.cancel(session, campaign_id=draft.id, now=now)
        assert not await adoption.anything_at_stake(session)
        assert draft.state is not CampaignState.RUNNING
