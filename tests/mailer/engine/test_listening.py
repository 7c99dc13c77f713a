"""Who does chores: whoever was asked to, and one stand-in where nobody is there any more."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from mailer.engine import workers
from mailer.engine.workers import Figures
from mailer.models import Listening, Worker
from mailer.scope import CHORES, EVERYTHING, Scope
from pli.columns import clock
from pli.database import Database

IDLE = Figures(0, 0, 0.0)


async def begun(
    database: Database, listens: Listening = Listening.NO, scope: Scope = EVERYTHING
) -> int:
    async with database.begin() as session:
        return await workers.register(
            session, host="one.example", pid=1, command="pli", version="1", relay="relay:25",
            scope=scope, listens=listens,
        )  # fmt: skip


async def stands_in(database: Database, *worker_ids: int) -> list[int]:
    async with database.begin() as session:
        return [it for it in worker_ids if await workers.beat(session, it, IDLE)]


async def unseen(database: Database, worker_id: int, by: timedelta) -> None:
    async with database.begin() as session:
        await session.execute(
            update(Worker).where(Worker.id == worker_id).values(seen_at=clock(-by.total_seconds()))
        )


async def test_one_worker_stands_in_where_nobody_was_asked_to_do_chores(
    database: Database,
) -> None:
    letter = await begun(database, scope=Scope.of_campaign(7))
    first, second, third = [await begun(database) for _ in range(3)]
    assert await stands_in(database, first, second, third) == [first]
    await unseen(database, first, timedelta(seconds=29))
    assert await stands_in(database, second, third) == []
    await unseen(database, first, timedelta(seconds=31))
    assert await stands_in(database, second, third) == [second]
    async with database.reading() as session:
        assert not await workers.anybody_does_chores(session)
    pages = await begun(database, Listening.ASKED, CHORES)  # which has no way to the relay
    assert await stands_in(database, second, third) == [second]
    await unseen(database, pages, timedelta(seconds=31))
    serve = await begun(database, Listening.ASKED)
    assert await stands_in(database, first, second, third) == []
    async with database.reading() as session:
        assert await workers.anybody_does_chores(session)
        # Who sends nothing is no worker for those who ask who sends.
        assert [it.id for it, _ in await workers.known(session)] == [
            *(letter, first, second, third),
            serve,
        ]
        assert await workers.sends(session)
    await unseen(database, serve, timedelta(seconds=31))
    assert await stands_in(database, first, second, third) == [first]


async def test_who_only_does_chores_sends_no_campaign(database: Database) -> None:
    await begun(database, Listening.ASKED, CHORES)
    async with database.reading() as session:
        assert not await workers.sends(session, 1)
