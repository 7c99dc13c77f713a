"""An engine that is to begin holds a stranger's campaigns, and nothing of a database at home."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from commands import engine_room
from commands.common import Installation
from mailer.campaign import adoption
from mailer.models import CampaignState
from pli import home
from pli.database import Database
from pli.home import Count
from pli.keys import Keys
from pli.settings import Settings
from tests.mailer.engine.running import prepared, state_of


@pytest.fixture
def installation(database: Database, keys: Keys, tmp_path: Path) -> Installation:
    settings = SimpleNamespace(journal_folder=tmp_path / "journal")
    return Installation(cast("Settings", settings), keys, database)


@pytest.fixture
async def campaign_id(database: Database, keys: Keys) -> int:
    return await prepared(database, keys, datetime.now(UTC), count=2)


def looking(monkeypatch: pytest.MonkeyPatch, after_the_first: Callable[[], Any]) -> None:
    """Let something happen between the first look and the second."""
    real, looks = home.stranger, []

    async def stranger(*given: Any, **options: Any) -> Any:
        found = await real(*given, **options)
        looks.append(found)
        if len(looks) == 1:
            await after_the_first()
        return found

    monkeypatch.setattr(home, "stranger", stranger)


async def test_a_stranger_holds_until_a_person_adopts(
    installation: Installation, campaign_id: int
) -> None:
    database = installation.database
    installation.here.note(Count(0, 99))
    waiting = asyncio.create_task(engine_room.adopted(installation, asyncio.Event()))
    async with asyncio.timeout(10):
        while await state_of(database, campaign_id) is CampaignState.RUNNING:  # noqa: ASYNC110 (the engine writes it)
            await asyncio.sleep(0.02)
    async with database.begin() as session:
        count = await home.adopt(session, installation.here)
        assert list(await adoption.let_go(session)) == [campaign_id]
    installation.here.note(count)
    assert await waiting
    assert await state_of(database, campaign_id) is CampaignState.RUNNING


async def test_who_looked_before_a_person_adopted_holds_nothing_afterwards(
    installation: Installation, campaign_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = installation.database
    installation.here.note(Count(0, 99))

    async def adopts() -> None:
        async with database.begin() as session:
            count = await home.adopt(session, installation.here)
            await adoption.let_go(session)
        installation.here.note(count)

    looking(monkeypatch, adopts)
    assert await engine_room.adopted(installation, asyncio.Event())
    assert await state_of(database, campaign_id) is CampaignState.RUNNING
