from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from mailer.engine import pressed_campaigns
from mailer.engine.pressed_campaigns import PressedCampaigns
from mailer.ledger import claiming, settle_and_claim
from mailer.letter.layout import Layout
from mailer.letter.press import press as really_press
from pli.database import Database
from pli.keys import Keys
from tests.mailer.engine.running import prepared
from tests.mailer.ledger.in_work import claimed


async def test_the_first_batches_of_a_campaign_share_one_pressing_and_its_outcomes(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await prepared(database, keys, now, count=3, batch_size=1)
    pressed = []

    def press(*letter: Any) -> Any:
        pressed.append(letter)
        return really_press(*letter)

    monkeypatch.setattr(pressed_campaigns, "press", press)
    kept = PressedCampaigns(database, keys)
    first, *others = await asyncio.gather(*(kept.of(campaign_id, live=set) for _ in range(3)))
    assert len(pressed) == 1
    assert all(it is first for it in others)


async def test_a_sending_does_not_press_the_web_version(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await prepared(database, keys, now, count=1)
    pages: list[bool] = []
    write = Layout.html

    def html(layout: Layout, content: str, sources: Mapping[str, str], *, web: bool) -> str:
        pages.append(web)
        return write(layout, content, sources, web=web)

    monkeypatch.setattr(Layout, "html", html)
    await PressedCampaigns(database, keys).of(campaign_id, live=set)
    assert pages == [False]


async def test_both_ways_to_claim_give_the_same_row(
    database: Database, keys: Keys, now: datetime
) -> None:
    await prepared(database, keys, now, count=2, batch_size=2)
    taken, rows = await claimed(database, 2)
    ids = [row.id for row in rows]
    async with database.begin() as session:
        await session.run_sync(claiming.put_back, taken, ids)
    turn = await database.transact(settle_and_claim.settle_and_claim, taken, [], relay="r", size=2)
    async with database.begin() as session:
        await session.run_sync(claiming.put_back, taken, ids)
        again = await session.run_sync(claiming.claim, taken, size=2)
    assert len(turn.rows) == 2
    assert sorted(map(tuple, turn.rows)) == sorted(again.tuples)
    (_, _, attempts, person, email, first, *_), _ = sorted(turn.rows)
    assert (attempts, type(person), email, first) == (
        0,
        int,
        "p000@example.org",
        again.rows[0].first_name,
    )
