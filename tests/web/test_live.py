"""One poller for all who watch a sending, and the stream of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Any, cast

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import lifecycle
from mailer.models import CampaignState
from mailer.report.outlook import Outlook
from pli.database import Database, DatabaseAway
from pli.keys import Keys
from pli.language import N_
from tests import factories as make
from tests.waiting import until_true
from web import live
from web.live import Picture, Poller, Subject, TooManyWatch, Watch


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(live, "COMMENT_SECONDS", 0.1)


async def nothing_holds(session: AsyncSession, campaign_id: int, zone: tzinfo | None) -> Outlook:
    del session, campaign_id, zone
    return Outlook()


class Flaky:
    """A database that a test can take away."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.away = False

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        if self.away:
            raise DatabaseAway(N_("the database cannot be used: {reason}"), reason="away")
        async with self._database.reading() as session:
            yield session


def a_poller(database: Any, now: datetime, **options: Any) -> Poller:
    return Poller(cast("Database", database), nothing_holds, lambda: now, **options)


async def a_running_one(database: Database, keys: Keys, now: datetime) -> int:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, 5, now=now)
        return (await make.a_campaign(session, keys, [members], now=now)).id


async def until(watch: Watch, seen: Callable[[Picture], bool]) -> Picture:
    """The next picture that is so."""
    async with asyncio.timeout(20):
        while True:
            picture = await watch.news()
            assert picture is not None
            if seen(picture):
                return picture


async def test_however_many_watch_one_query_reads_the_numbers_and_none_while_nobody_watches(
    sqlite_url: str, keys: Keys, now: datetime
) -> None:
    database = Database(sqlite_url)
    first, second = [await a_running_one(database, keys, now), 0]
    async with database.begin() as session:
        other = await make.a_list(session, "autres", now=now)
        await make.a_person(session, keys, "jeanne", other, now=now)
        of = replace(make.letter(), number=300)
        second = (await make.a_campaign(session, keys, [other], of=of, now=now)).id
    said: list[str] = []

    def note(*statement: object) -> None:
        if "LEFT OUTER JOIN batch" in str(statement[2]):
            said.append(str(statement[2]))

    event.listen(database.reader.sync_engine, "before_cursor_execute", note)
    poller = a_poller(database, now)
    with ExitStack() as stack:
        watches = [
            stack.enter_context(poller.watch(Subject(first if n % 2 else second, None, None)))
            for n in range(10)
        ]
        for it in watches:
            for _ in range(3):
                assert (await until(it, lambda _: True)).progress is not None
        assert len(said) == poller.queries
        assert poller.watching == 10
    await until_true(lambda: poller.is_asleep)
    asked = poller.queries
    await asyncio.sleep(5 * live.LOOK_SECONDS)
    assert poller.queries == asked
    await database.close()


async def test_a_picture_is_of_the_lists_that_one_sees_and_the_rate_is_counted(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        own = await make.a_list(session, "own", now=now)
        other = await make.a_list(session, "other", now=now)
        await make.members(session, keys, own, 3, now=now)
        await make.a_person(session, keys, "jeanne", other, now=now)
        both = (await make.a_campaign(session, keys, [own, other], now=now)).id
    poller = a_poller(database, now)
    for lists, prepared in ((None, 4), (frozenset([own.id]), 3), (frozenset([other.id]), 1)):
        with poller.watch(Subject(both, lists, None)) as watch:
            picture = await until(watch, lambda it: it.rate is not None)
            assert picture.progress is not None
            assert (picture.progress.prepared, picture.rate) == (prepared, 0.0)
    poller.close()


async def test_a_sending_that_pauses_tells_no_arrival_from_before_the_pause(
    sqlite_url: str, keys: Keys, now: datetime
) -> None:
    async def arrives(session: AsyncSession, campaign_id: int, zone: tzinfo | None) -> Outlook:
        del session, campaign_id, zone
        return Outlook(arrives_at=now)

    database = Database(sqlite_url)
    id_ = await a_running_one(database, keys, now)
    poller = Poller(database, arrives, lambda: now)
    with poller.watch(Subject(id_, None, None)) as watch:
        await until(watch, lambda it: it.outlook.arrives_at is not None)
        async with database.begin() as session:
            await lifecycle.pause(session, campaign_id=id_)
        paused = await until(
            watch, lambda it: it.progress is not None and it.progress.state is CampaignState.PAUSED
        )
        assert paused.outlook == Outlook()
    poller.close()
    await database.close()


async def test_while_the_database_is_away_the_page_says_so_and_goes_on_by_itself(
    sqlite_url: str, keys: Keys, now: datetime
) -> None:
    database = Database(sqlite_url)
    campaign_id = await a_running_one(database, keys, now)
    flaky = Flaky(database)
    poller = a_poller(flaky, now)
    with ExitStack() as stack:
        subject = Subject(campaign_id, None, None)
        ten = [stack.enter_context(poller.watch(subject)) for _ in range(10)]
        for it in ten:
            await until(it, lambda picture: not picture.away)
        flaky.away = True
        for it in ten:
            assert (await until(it, lambda picture: picture.away)).progress is not None
        async with database.begin() as session:
            await lifecycle.pause(session, campaign_id=campaign_id)
        flaky.away = False
        for it in ten:
            picture = await until(it, lambda picture: not picture.away)
            assert picture.progress is not None
            assert picture.progress.state is CampaignState.PAUSED
    await until_true(lambda: poller.is_asleep)
    await database.close()


def test_there_is_room_for_so_many_and_no_more(now: datetime) -> None:
    async def crowd() -> None:
        poller = a_poller(Flaky(cast("Database", None)), now, most=2)
        subject = Subject(1, None, None)
        with poller.watch(subject), poller.watch(subject):
            assert poller.is_full
            with pytest.raises(TooManyWatch), poller.watch(subject):
                raise AssertionError
        assert not poller.is_full
        poller.close()
        assert poller.is_full

    asyncio.run(crowd())


async def pieces(
    watch: Watch, *, may: bool = True, last: str = "", taken: Callable[[], None] = lambda: None
) -> AsyncGenerator[bytes, None]:
    async def may_still() -> bool:
        return may

    async for it in live.stream(
        watch, draw=lambda it: str(it.rate), last=last, may_still=may_still, taken=taken
    ):
        yield it


async def test_a_stream_gives_each_picture_once_under_its_id_and_comments_between(
    database: Database, keys: Keys, now: datetime
) -> None:
    campaign_id = await a_running_one(database, keys, now)
    progress = (await a_poller(database, now).picture(Subject(campaign_id, None, None))).progress
    assert progress is not None
    watch, took = Watch(Subject(campaign_id, None, None)), []
    said = pieces(watch, taken=lambda: took.append(1))
    assert await anext(said) == b"retry: 2000\n\n"
    watch.show(Picture(progress, 1.0))
    assert await anext(said) == b"id: " + live.id_of("1.0").encode() + b"\ndata: 1.0\n\n"
    watch.show(Picture(progress, 1.0))
    assert await anext(said) == live.COMMENT, "the same picture is not sent twice"
    watch.show(Picture(progress, 2.0))
    assert (await anext(said)).endswith(b"data: 2.0\n\n")
    watch.show(Picture(replace(progress, state=CampaignState.FINISHED)))
    assert [it async for it in said] == [b"event: over\ndata: \n\n"]
    assert len(took) == 3
    again = Watch(watch.subject)
    said = pieces(again, last=live.id_of("2.0"))
    await anext(said)
    again.show(Picture(progress, 2.0))
    assert await anext(said) == live.COMMENT, "who comes back has this picture already"
    again.close()
    assert [it async for it in said] == []
    await said.aclose()


@pytest.mark.parametrize("ending", ["cancelled", "erased", "right"])
async def test_a_stream_is_over_when_its_sending_is_or_the_right_is_gone(
    monkeypatch: pytest.MonkeyPatch, database: Database, keys: Keys, now: datetime, ending: str
) -> None:
    monkeypatch.setattr(live, "RIGHT_SECONDS", 0.0)
    campaign_id = await a_running_one(database, keys, now)
    poller = a_poller(database, now)
    with poller.watch(Subject(campaign_id, None, None)) as watch:
        said = pieces(watch, may=ending != "right")
        assert await anext(said) == live.BEGIN
        if ending == "cancelled":
            async with database.begin() as session:
                await lifecycle.cancel(session, campaign_id=campaign_id, now=now)
        elif ending == "erased":
            watch.subject = Subject(campaign_id + 1, None, None)
        async with asyncio.timeout(20):
            *_before, over = [it async for it in said]
        assert over == b"event: over\ndata: \n\n"
    poller.close()


def test_a_text_of_several_lines_is_one_event() -> None:
    assert live.event("<p>\n\x1b[31m</p>", id_="7") == b"id: 7\ndata: <p>\ndata: \x1b[31m</p>\n\n"
