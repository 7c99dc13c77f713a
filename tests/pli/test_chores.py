"""Chores are offered, done, tried again and held, by the rows, on both databases."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Select, event, select, update

from pli import chore_errands, chore_list, chore_look, chore_offers, chore_rows, chores
from pli.chore_errands import ChoreError, ChoreName
from pli.chore_runner import ChoreRunner
from pli.chore_schedule import Daily, Every
from pli.chores import Again, ChoreFailed, Held, Kind, Kinds, carry_out
from pli.columns import clock
from pli.database import Database, DatabaseAway
from pli.language import N_
from pli.tables import Chore, ChoreState
from tests.waiting import until_true

KIND = "reminder"


class Handler:
    """Notes which rows it is asked to do, and answers as the test says."""

    def __init__(self, answer: Callable[[int], Awaitable[Again | None]] | None = None) -> None:
        self.asked: list[int] = []
        self.answer = answer

    async def __call__(self, row_id: int) -> Again | None:
        self.asked.append(row_id)
        return await self.answer(row_id) if self.answer else None


def fails(code: str = "nobody_home", *, held: bool = False) -> Handler:
    async def answer(_row_id: int) -> Again | None:
        raise ChoreFailed(code, held=held)

    return Handler(answer)


async def offered(database: Database, row_id: int = 1, at: datetime | None = None) -> None:
    async with database.begin() as session:
        await chore_offers.offer(session, KIND, row_id, at=at)


async def due(database: Database, *kinds: Kind) -> list[tuple[str, int]]:
    known = Kinds.of(kinds)
    async with database.reading() as session:
        wanted = chore_look.due_chores(offered=known.offered, sources=known.sources)
        return list(await chore_look.look(session, wanted))


async def rows(database: Database) -> list[Chore]:
    async with database.reading() as session:
        return list(await session.scalars(select(Chore).order_by(Chore.kind, Chore.row_id)))


async def moved(database: Database, by: timedelta) -> None:
    """Let the hours of all chores be earlier (later, if negative), as if the clock had moved."""
    async with database.begin() as session:
        for it in await session.scalars(select(Chore)):
            it.due_at -= by
            if it.lease_until is not None:
                it.lease_until -= by


async def done(database: Database, kind: Kind, row_id: int = 1) -> Again | Held | None:
    return await carry_out(database, kind, row_id)


async def test_a_chore_is_done_once_and_its_row_goes(database: Database) -> None:
    handle = Handler()
    kind = Kind(KIND, handle)
    await offered(database)
    await offered(database)
    assert await due(database, kind) == [(KIND, 1)]
    assert await done(database, kind) is None
    assert await done(database, kind) is None  # its job came twice
    assert handle.asked == [1]
    assert await rows(database) == []


async def test_what_is_offered_for_an_hour_waits_for_it_moves_and_is_withdrawn(
    database: Database,
) -> None:
    handle = Handler()
    kind = Kind(KIND, handle)
    at = datetime.now(UTC) + timedelta(days=1)
    await offered(database, at=at)
    assert await due(database, kind) == []
    early = await done(database, kind)
    assert isinstance(early, Again)
    assert 86_000 < early.seconds <= 86_400
    await offered(database, at=at - timedelta(days=2))
    assert await due(database, kind) == [(KIND, 1)]
    async with database.begin() as session:
        await chore_offers.withdraw(session, KIND, 1)
    assert await done(database, kind) is None
    assert handle.asked == []


async def test_a_rollback_leaves_no_chore(database: Database) -> None:
    async with database.begin() as session:
        await chore_offers.offer(session, KIND, 1)
        await session.rollback()
    assert await rows(database) == []


async def test_a_failure_comes_again_after_its_delays_and_is_held_after_the_last(
    database: Database,
) -> None:
    kind = Kind(KIND, fails(), delays=(60.0, 300.0))
    await offered(database)
    for number, delay in enumerate(kind.delays, 1):
        assert await done(database, kind) == Again(delay)
        (row,) = await rows(database)
        assert (row.tries, row.code, row.state) == (number, "nobody_home", ChoreState.WAITING)
        assert await due(database, kind) == []
        await moved(database, timedelta(seconds=delay))
        assert await due(database, kind) == [(KIND, 1)]
    assert await done(database, kind) == Held("nobody_home")
    assert await due(database, kind) == []
    await moved(database, timedelta(days=400))
    assert await due(database, kind) == []  # for ever, without a person
    assert await done(database, kind) is None
    async with database.begin() as session:
        await chore_errands.retry(session, ChoreName(KIND, 1))
    assert await done(database, Kind(KIND, Handler())) is None
    assert await rows(database) == []


async def test_what_only_a_person_can_mend_is_held_at_once_and_can_be_forgotten(
    database: Database,
) -> None:
    kind = Kind(KIND, fails("no_password", held=True))
    await offered(database)
    assert await done(database, kind) == Held("no_password")
    async with database.begin() as session:
        await chore_errands.forget(session, ChoreName(KIND, 1))
    async with database.reading() as session:
        assert await chore_list.listed(session, {}) == []
    assert await due(database, kind) == []
    async with database.begin() as session:
        with pytest.raises(ChoreError, match="no such chore"):
            await chore_errands.forget(session, ChoreName(KIND, 1))
        await chore_errands.retry(session, ChoreName(KIND, 1))  # by a person who knows its name
    assert await due(database, kind) == [(KIND, 1)]
    assert await done(database, kind) == Held("no_password")
    async with database.begin() as session:
        await chore_errands.forget(session, ChoreName(KIND, 1))
    await offered(database)  # by a person who orders it anew
    assert await due(database, kind) == [(KIND, 1)]


async def test_a_fault_of_a_handler_leaves_its_class_and_place_but_no_text_and_no_traceback(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(row_id: int) -> Again | None:
        person = f"mme.{row_id}@example.org"
        raise ValueError(person)

    kind = Kind(KIND, Handler(breaks), delays=(1.0,))
    await offered(database)
    with caplog.at_level(logging.DEBUG):
        assert await done(database, kind) == Again(1.0)
    (row,) = await rows(database)
    assert row.code == "ValueError"
    (told,) = [it for it in caplog.records if it.getMessage() == "chore.broke"]
    assert told.exc_info is None
    assert told.__dict__["at"].rpartition(":")[0].endswith("test_chores.py")
    assert "example.org" not in caplog.text
    assert "example.org" not in str([vars(it) for it in caplog.records if it.name == "pli.chores"])


async def test_a_database_that_is_away_is_no_failure_of_the_chore(database: Database) -> None:
    async def away(_row_id: int) -> Again | None:
        raise DatabaseAway(N_("the database cannot be used: {reason}"), reason="gone")

    await offered(database)
    assert await done(database, Kind(KIND, Handler(away))) == Again(chores.AWAY_SECONDS)
    (row,) = await rows(database)
    assert (row.tries, row.state) == (0, ChoreState.WAITING)
    # Its lease was not given back: it lapses.
    assert await due(database, Kind(KIND, Handler())) == []
    await moved(database, chore_rows.LEASE)
    assert await due(database, Kind(KIND, Handler())) == [(KIND, 1)]


async def test_a_chore_that_comes_back_has_not_failed(database: Database) -> None:
    async def later(_row_id: int) -> Again | None:
        return Again(30.0)

    kind = Kind(KIND, Handler(later))
    await offered(database)
    for _ in range(6):  # more often than there are delays
        assert await done(database, kind) == Again(30.0)
        await moved(database, timedelta(seconds=30))
    (row,) = await rows(database)
    assert (row.tries, row.code) == (0, "")


async def test_two_processes_do_not_do_one_chore_and_a_dead_ones_is_done_again(
    database: Database,
) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(_row_id: int) -> Again | None:
        begun.set()
        await goes_on.wait()
        return None

    await offered(database)
    first = asyncio.create_task(done(database, Kind(KIND, Handler(slow))))
    await begun.wait()
    second = Handler()
    waits = await done(database, Kind(KIND, second))
    assert isinstance(waits, Again)
    assert 25 < waits.seconds <= 30
    await moved(database, chore_rows.LEASE)  # the first was stopped, and its lease has lapsed
    assert await done(database, Kind(KIND, second)) is None
    assert second.asked == [1]
    # It was offered anew meanwhile: what the first one says of its end counts no more.
    await offered(database)
    goes_on.set()
    assert await first == Again(0.0)
    assert await due(database, Kind(KIND, second)) == [(KIND, 1)]


async def test_what_is_offered_again_while_it_is_done_is_done_once_more(
    database: Database,
) -> None:
    async def offers_itself(_row_id: int) -> Again | None:
        await offered(database)
        return None

    kind = Kind(KIND, Handler(offers_itself))
    await offered(database)
    assert await done(database, kind) == Again(0.0)
    assert await due(database, kind) == [(KIND, 1)]


async def test_a_long_chore_keeps_its_lease(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "RENEW_SECONDS", 0.01)

    async def slow(_row_id: int) -> Again | None:
        async with database.begin() as session:
            await session.execute(update(Chore).values(lease_until=clock(1.0)))

        async def renewed() -> bool:
            (row,) = await rows(database)
            return (row.lease_until or datetime.now(UTC)) > datetime.now(UTC) + timedelta(
                seconds=20
            )

        await until_true(renewed)
        return None

    handle = Handler(slow)
    await offered(database)
    assert await done(database, Kind(KIND, handle)) is None
    assert await rows(database) == []


async def test_a_lease_far_ahead_has_lapsed_for_the_clock_was_set_back(database: Database) -> None:
    await offered(database)
    async with database.begin() as session:
        await session.execute(update(Chore).values(lease=7, lease_until=clock(3_600.0)))
    assert await due(database, Kind(KIND, Handler())) == [(KIND, 1)]
    assert await done(database, Kind(KIND, Handler())) is None


async def test_a_schedule_fires_once_a_cluster_and_comes_again(database: Database) -> None:
    handle = Handler()
    kind = Kind("tidy", handle, schedule=Every(3_600.0))
    runners = [ChoreRunner(database, Kinds.of([kind])) for _ in range(2)]
    for it in runners:
        await it.start()

    async def both() -> None:
        for it in runners:
            async with database.reading() as session:
                it.begin(await it.look(session))
        for it in runners:
            await it.settled()

    await both()
    await both()
    assert handle.asked == [0]
    await moved(database, timedelta(minutes=59))
    await both()
    assert handle.asked == [0]
    await moved(database, timedelta(minutes=1))
    await both()
    assert handle.asked == [0, 0]
    await moved(database, timedelta(hours=-30))  # the clock was set back by more than a day
    for it in (ChoreRunner(database, Kinds.of([kind])),):
        await it.start()
    (row,) = await rows(database)
    assert row.due_at < datetime.now(UTC) + timedelta(hours=1, seconds=1)


async def test_a_schedule_whose_last_try_fails_comes_at_its_next_time_and_shows_why(
    database: Database,
) -> None:
    kind = Kind("backup", fails("disk_full"), delays=(60.0,), schedule=Every(3_600.0))
    runner = ChoreRunner(database, Kinds.of([kind]))
    await runner.start()
    assert await done(database, kind, 0) == Again(60.0)
    await moved(database, timedelta(minutes=1))
    again = await done(database, kind, 0)
    assert isinstance(again, Again)
    assert 3_590 < again.seconds <= 3_600
    async with database.reading() as session:
        (shown,) = await chore_list.listed(session, {}, failed=True)
    assert (shown.name, shown.status, shown.tries) == ("backup:0", "failed", 2)
    async with database.begin() as session:
        with pytest.raises(ChoreError, match="cannot be forgotten"):
            await chore_errands.forget(session, ChoreName("backup", 0))
        await chore_errands.retry(session, ChoreName("backup", 0))
    assert await done(database, replace(kind, handle=Handler()), 0) is not None
    async with database.reading() as session:
        assert await chore_list.listed(session, {}, failed=True) == []


async def test_a_source_is_asked_by_the_same_statement_and_a_failure_puts_its_row_off(
    database: Database,
) -> None:
    """Rows that say themselves that they are due: here, the chores of another kind."""
    await offered(database, 5)
    await offered(database, 6)

    def waiting() -> Select[int]:
        return select(Chore.row_id).where(Chore.kind == KIND)

    kind = Kind("mailbox", fails("no_answer"), delays=(60.0,), source=waiting)
    statements: list[str] = []
    engine = database.reader.sync_engine
    event.listen(
        engine, "before_cursor_execute", lambda _c, _u, statement, *_: statements.append(statement)
    )
    assert sorted(await due(database, kind, Kind("other", Handler()))) == [
        ("mailbox", 5),
        ("mailbox", 6),
    ]
    assert len([it for it in statements if it.startswith("SELECT")]) == 1
    assert await done(database, kind, 5) == Again(60.0)
    assert await due(database, kind) == [("mailbox", 6)]
    await moved(database, timedelta(minutes=1))
    assert await done(database, kind, 5) == Held("no_answer")
    assert await due(database, kind) == [("mailbox", 6)]
    async with database.reading() as session:
        found = await chore_list.listed(session, {"mailbox": waiting})
        counts = {
            (it.kind, it.status): it.number
            for it in await chore_list.counted(session, {"mailbox": waiting})
        }
    assert ("mailbox:5", "held") in {(it.name, it.status) for it in found}
    assert counts == {(KIND, "due"): 2, ("mailbox", "due"): 1, ("mailbox", "held"): 1}
    async with database.begin() as session:
        await chore_errands.retry(session, ChoreName("mailbox", 5))
    assert await done(database, replace(kind, handle=Handler()), 5) is None
    assert {it.kind for it in await rows(database)} == {KIND}  # nothing is left of the failure
    async with database.begin() as session:
        await chore_offers.withdraw(session, KIND, 5)
    handle = Handler()
    assert await done(database, replace(kind, handle=handle), 5) is None
    assert handle.asked == []  # its row is not due any more


async def test_a_process_does_as_many_of_a_kind_as_it_has_hands_and_ends_in_time(
    database: Database,
) -> None:
    never = asyncio.Event()

    async def hangs(_row_id: int) -> Again | None:
        await never.wait()
        return None

    handle = Handler(hangs)
    kinds = Kinds.of([Kind(KIND, handle, concurrency=2)])
    for row_id in (1, 2, 3):
        await offered(database, row_id)
    runner = ChoreRunner(database, kinds)
    await runner.start()
    for _ in range(2):
        async with database.reading() as session:
            runner.begin(await runner.look(session))
        await until_true(lambda: len(handle.asked) == 2)
    assert len(handle.asked) == 2
    await runner.end(0.01)
    assert len(await rows(database)) == 3  # what was cancelled is done anew, by somebody


@pytest.mark.parametrize("name", ["", "a:b", "seventeen_letters", "two"])
def test_a_kind_has_a_name_of_its_own_that_its_column_holds(name: str) -> None:
    with pytest.raises(ValueError, match="kind"):
        Kinds.of([Kind("two", Handler()), Kind(name, Handler())])


@pytest.mark.parametrize("raw", ["", "notice", "notice:", ":1", "Notice:1", "notice:x", "n:1 2"])
def test_what_is_no_name_of_a_chore_is_refused(raw: str) -> None:
    with pytest.raises(ChoreError, match="no name of a chore"):
        ChoreName.parse(raw)
    assert str(ChoreName.parse(" notice:12 ")) == "notice:12"


def test_a_daily_schedule_begins_at_its_hour() -> None:
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    daily = Daily((now + timedelta(hours=1)).time(), "UTC")
    assert daily.first(now) == now + timedelta(hours=1)
