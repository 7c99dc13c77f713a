from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from mailer.delivery import rounds
from mailer.delivery.rounds import Rounds
from pli.database import Database
from pli.keys import Keys
from tests.mailer.test_engine import prepared


async def test_the_first_batches_of_a_campaign_share_one_pressing_and_what_is_heard(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await prepared(database, keys, now, count=3, batch_size=1)
    pressed = []

    def press(*letter: Any) -> Any:
        pressed.append(letter)
        return make_pressed(*letter)

    make_pressed = rounds.press
    monkeypatch.setattr(rounds, "press", press)
    kept = Rounds(database, keys)
    first, *others = await asyncio.gather(*(kept.of(campaign_id, live=set()) for _ in range(3)))
    assert len(pressed) == 1
    assert all(it is first for it in others)
