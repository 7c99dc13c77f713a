"""Many mails are taken in some at a time, each once, and a sending is left room."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces.handling import Came
from mailer.bounces.tokens import Tokens
from mailer.campaign import coming_back, taking_in
from mailer.models import Bounce, Campaign, CampaignState
from pli.database import Database, DatabaseAway
from tests.factories import KEYS
from tests.mailer.bounces.coming_back import FULL, bounce_of, sent


class Taking:
    """Records mails as a door does; notes in which transaction each was taken."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.sessions: list[int] = []
        self.stumbles = 0

    async def __call__(self, session: AsyncSession, *, raw: bytes) -> Came:
        self.sessions.append(id(session.sync_session))
        if self.stumbles and len(set(self.sessions)) == 1 and len(self.sessions) == 3:
            self.stumbles -= 1
            raise DatabaseAway("a deadlock")
        return await coming_back.take_in(
            session, raw=raw, came_to="", door="test", tokens=Tokens(KEYS), now=self._now
        )


async def mails(database: Database, now: datetime, count: int) -> list[tuple[str, bytes]]:
    async with database.begin() as session:
        copies = await sent(session, now, count)
    return [(str(number), bounce_of(number, email, FULL)) for number, email in copies]


async def taken(database: Database, some: list[tuple[str, bytes]], taking: Taking) -> list[str]:
    return [name async for name, _ in taking_in.take_in_many(database, some, taking)]


async def test_each_mail_is_taken_in_once_also_where_several_stumble_together(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_in, "TOGETHER", 4)
    some = await mails(database, now, 10)
    taking = Taking(now)
    taking.stumbles = 1
    assert await taken(database, some, taking) == [name for name, _ in some]
    assert len(taking.sessions) == 13, "three were undone, and taken again"
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Bounce)) == 10


async def test_while_something_is_sent_a_transaction_takes_no_further_mail_once_its_time_is_over(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking_in, "MOST_SECONDS", 0.0)
    some = await mails(database, now, 5)
    async with database.begin() as session:
        await session.execute(update(Campaign).values(state=CampaignState.RUNNING))
    begun = 0
    begin = database.begin

    def counted() -> object:
        nonlocal begun
        begun += 1
        return begin()

    monkeypatch.setattr(database, "begin", counted)
    assert len(await taken(database, some, Taking(now))) == 5
    assert begun == 5


@pytest.mark.parametrize("state", [CampaignState.RUNNING, CampaignState.FINISHED])
async def test_it_rests_while_something_is_sent_and_only_then(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, state: CampaignState
) -> None:
    some = await mails(database, now, 3)
    async with database.begin() as session:
        await session.execute(update(Campaign).values(state=state))
    rests: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        if seconds:
            rests.append(seconds)
        await sleep(0)

    monkeypatch.setattr("mailer.campaign.taking_in.asyncio.sleep", noted)
    monkeypatch.setattr(taking_in, "TOGETHER", 1)
    await taken(database, some, Taking(now))
    assert len(rests) == (3 if state is CampaignState.RUNNING else 0)
