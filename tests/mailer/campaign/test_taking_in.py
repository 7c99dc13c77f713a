"""Many mails are taken in some at a time, each once, and a sending is left room."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from mailer.bounce_models import Bounce
from mailer.bounces.arrivals import Arrival, read_arrival
from mailer.bounces.handling import Came
from mailer.campaign import coming_back, recording_pace, taking_in
from mailer.models import Campaign, CampaignState
from pli.database import Database, DatabaseAway
from tests.mailer.bounces.coming_back import FULL, bounce_of, sent
from tests.specimens.bounces.pieces import TOKENS


def reading(raw: bytes) -> Arrival:
    return read_arrival(raw=raw, came_to="", door="test", tokens=TOKENS)


async def mails(database: Database, now: datetime, count: int) -> list[tuple[str, bytes]]:
    async with database.begin() as session:
        copies = await sent(session, now, count)
    return [(str(number), bounce_of(number, email, FULL)) for number, email in copies]


async def taken(database: Database, some: list[tuple[str, bytes]], now: datetime) -> list[str]:
    return [
        name
        async for name, _ in taking_in.take_in_many(database, some, read=reading, now=lambda: now)
    ]


async def test_each_mail_is_taken_in_once_also_where_several_stumble_together(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_pace, "TOGETHER", 4)
    some = await mails(database, now, 10)
    together: list[int] = []
    take_in_all = coming_back.take_in_all

    def stumbling(session: Session, arrivals: Sequence[Arrival], **options: Any) -> Sequence[Came]:
        came = take_in_all(session, arrivals, **options)
        together.append(len(arrivals))
        if together == [4]:
            raise DatabaseAway("a deadlock")
        return came

    monkeypatch.setattr(coming_back, "take_in_all", stumbling)
    assert await taken(database, some, now) == [name for name, _ in some]
    assert together == [4, 1, 1, 1, 1, 4, 2], "four were undone, and taken again one by one"
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Bounce)) == 10


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
        rests.append(seconds)
        await sleep(0)

    monkeypatch.setattr("mailer.campaign.taking_in.asyncio.sleep", noted)
    monkeypatch.setattr(recording_pace, "TOGETHER", 1)
    await taken(database, some, now)
    assert len(rests) == (3 if state is CampaignState.RUNNING else 0)
