"""The engine's parts live and end together: no part dies alone, and none costs a copy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks import sending
from mailer.engine.engine import Engine
from mailer.engine.journal import Journal
from mailer.engine.sweep import Sweep
from mailer.models import CampaignState
from mailer.pacing.pacer import Pacer
from mailer.smtp.failover import RelayFailover
from mailer.smtp.relay import Relay as Address
from mailer.smtp.smtp_courier import SMTPCourier
from pli.database import Database
from pli.keys import Keys
from pli.memory_work import MemoryWork
from pli.queueing import QueueWork
from tests.mailer.engine.running import ends, first_copy, prepared, rests, working
from tests.relay import Relay


class Unforeseen(Exception):
    """An error that the program does not expect."""


def dies(after: Callable[[], bool], otherwise: Any) -> Any:
    """Makes a part die when it is called after the first copy has arrived."""

    async def part(*args: Any, **options: Any) -> Any:
        if after():
            raise Unforeseen
        return await otherwise(*args, **options)

    return part


def dies_later(after: Callable[[], bool], otherwise: Any) -> Any:
    """A part that runs for the whole time, and dies when the first copy has arrived."""

    async def part(*args: Any, **options: Any) -> None:
        running = asyncio.ensure_future(otherwise(*args, **options))
        try:
            while not after():  # noqa: ASYNC110 (the relay runs in another thread)
                await asyncio.sleep(0.01)
            raise Unforeseen
        finally:
            running.cancel()
            await asyncio.wait([running])

    return part


async def carried(engine: Engine, until: Awaitable[Any]) -> None:
    """Run an engine until something has happened, then stop it."""
    async with asyncio.timeout(15), engine:
        await until


PARTS: dict[str, tuple[type, str, Any]] = {
    "the sweep": (Sweep, "step", dies),
    "the queue of batches": (MemoryWork, "run", dies_later),
    "the pacer": (Pacer, "run", dies_later),
    "what ends silent connections": (Database, "end_silent", dies),
    "what closes the wire": (RelayFailover, "close", dies),
}


@pytest.mark.parametrize("part", PARTS)
async def test_a_part_that_dies_ends_the_engine_with_its_reason_and_costs_no_copy(
    part: str,
    database: Database,
    keys: Keys,
    now: datetime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner, name, dying = PARTS[part]
    if owner is MemoryWork and not database.is_sqlite:
        owner = QueueWork
    campaign_id = await prepared(database, keys, now, count=40, batch_size=40)
    with Relay(delay=0.02).running() as relay:
        with monkeypatch.context() as patch:
            patch.setattr("mailer.engine.constants.REPLAY_SECONDS", 0.1)
            patch.setattr(owner, name, dying(lambda: bool(relay.received), getattr(owner, name)))
            engine = Engine(
                database,
                keys,
                SMTPCourier(Address.parse(relay.url), connections=2, rests=(0.01,)),
                journal=Journal(tmp_path / "journal", "tests"),
                connections=2,
            )
            stops_by_itself = part != "what closes the wire"
            with pytest.raises(Unforeseen):
                await carried(engine, engine.over.wait() if stops_by_itself else first_copy(relay))
            assert engine.over.is_set()
        before = set((await ends(database, campaign_id)).values())
        assert ("sending", None) not in before
        async with working(database, keys, relay.url, folder=tmp_path / "journal"):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    assert set((await ends(database, campaign_id)).values()) == {("sent", None)}
    assert max(relay.recipients.values()) == 1


async def test_an_attached_part_that_ends_ends_the_engine_too(
    database: Database, keys: Keys, tmp_path: Path
) -> None:
    engine = Engine(
        database,
        keys,
        SMTPCourier(Address.parse("smtp://127.0.0.1:9?tls=none"), connections=1),
        journal=Journal(tmp_path / "journal", "tests"),
        connections=1,
    )

    async def attached() -> None:
        raise Unforeseen

    engine.attach(attached)
    with pytest.raises(Unforeseen):
        await carried(engine, engine.over.wait())


async def test_a_benchmark_that_watches_an_engine_ends_when_the_engine_dies(
    database: Database, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sweep, "step", dies(lambda: True, None))
    engine = Engine(
        database,
        keys,
        SMTPCourier(Address.parse("smtp://127.0.0.1:9?tls=none"), connections=1),
        journal=Journal(tmp_path / "journal", "tests"),
        connections=1,
    )
    order = sending.Order(
        folder=str(tmp_path), database_url="", people=10, size=1, connections=1, campaign=1
    )
    with pytest.raises(Unforeseen):
        await carried(engine, sending.watch(engine, database, order, time.monotonic()))
