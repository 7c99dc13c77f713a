"""How many copies wait, counted only from batches with copies left, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import event, text, update

from mailer.engine.backlog import backlog
from mailer.models import Batch, Campaign, CampaignState
from mailer.providers import OTHER, PROVIDERS, provider_of
from pli.database import Database
from pli.keys import Keys
from tests import factories as make


async def two_campaigns(database: Database, keys: Keys, members: int) -> list[int]:
    now = datetime.now(UTC)
    async with database.begin() as session:
        list_ = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, list_, members, now=now)
        made = [
            await make.a_campaign(
                session, keys, [list_], now=now, of=make.letter(number=number), batch_size=4
            )
            for number in (1, 2)
        ]
    return [campaign.id for campaign in made]


async def test_nothing_waits_in_an_empty_database(database: Database) -> None:
    async with database.reading() as session:
        found = await backlog(session)
    assert (found.pending, found.sending, found.paused, found.oldest_due) == (0, 0, 0, 0.0)
    assert found.campaigns == {CampaignState.RUNNING: 0, CampaignState.PAUSED: 0}


async def test_running_and_paused_copies_are_told_apart_and_how_late_the_oldest_is(
    database: Database, keys: Keys
) -> None:
    first, second = await two_campaigns(database, keys, 10)
    async with database.reading() as session:
        assert (await backlog(session)).oldest_due < 60
    async with database.begin() as session:
        started = datetime.now(UTC) - timedelta(seconds=100)
        await session.execute(update(Campaign).values(started_at=started))
        await session.execute(
            update(Campaign).where(Campaign.id == second).values(state=CampaignState.PAUSED)
        )
        await session.execute(
            update(Batch)
            .where(Batch.campaign_id == first, Batch.number == 1)
            .values(pending=1, sending=2, sent=1, due_at=datetime.now(UTC) - timedelta(seconds=90))
        )
    async with database.reading() as session:
        found = await backlog(session)
    assert (found.pending, found.sending, found.paused) == (7, 2, 10)
    assert 89 < found.oldest_due < 110
    assert found.campaigns == {CampaignState.RUNNING: 1, CampaignState.PAUSED: 1}


async def test_a_copy_that_waits_for_a_later_try_is_not_late(
    database: Database, keys: Keys
) -> None:
    await two_campaigns(database, keys, 3)
    async with database.begin() as session:
        await session.execute(update(Batch).values(due_at=datetime.now(UTC) + timedelta(hours=1)))
    async with database.reading() as session:
        assert (await backlog(session)).oldest_due == 0.0


async def test_sqlite_reads_only_the_batches_that_have_something_left(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    said: list[str] = []
    event.listen(
        database.reader.sync_engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: said.append(statement),
    )
    try:
        async with database.reading() as session:
            await backlog(session)
            asked = next(it for it in said if "batch" in it)
            values = {f"v{n}": 0 for n in range(asked.count("?"))}
            for name in values:
                asked = asked.replace("?", f":{name}", 1)
            plan = await session.execute(text(f"EXPLAIN QUERY PLAN {asked}"), values)
            assert any("ix_batch_open" in row.detail for row in plan)
    finally:
        await database.close()


def test_a_provider_may_have_several_domains_and_all_others_count_as_other() -> None:
    assert provider_of("a@Wanadoo.FR") == provider_of("b@orange.fr") == "orange"
    assert provider_of("c@googlemail.com") == "gmail"
    assert provider_of("d@dupont-martin.fr") == OTHER
    assert len(PROVIDERS) == 8
