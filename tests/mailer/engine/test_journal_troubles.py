"""Journals that a disk damages or a database refuses: none may hold up a sending."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from mailer.engine.journal import Journal
from mailer.ledger import claiming, leasing
from mailer.models import Batch, CampaignState, Stage
from mailer.outcomes import judge
from pli.database import Database
from pli.keys import Keys
from tests.mailer.engine.killed_worker import close_as_killed
from tests.mailer.engine.running import ends, prepared, rests, working
from tests.relay import Relay

# SQLite accepts a NUL in a text, and writes one transaction after the other.
on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def left(folder: Path, name: bytes, *, batch_id: int = 999) -> Journal:
    """Write a journal, let its writer die, and damage the file as a disk may."""
    journal = Journal(folder, "tests")
    notes = journal.begin(batch_id, 7, "relay:25")
    notes.leaves(1, 1)
    os.pwrite(notes._descriptor, name, notes._place)
    close_as_killed(notes)
    return journal


@pytest.mark.parametrize(
    "rubbish",
    [b"\0" * 512 + b"w", b"\xff" * 512, b"o" + b"\x01" * 300],
    ids=["zeros", "ones", "noise"],
)
async def test_a_journal_that_a_power_cut_spoilt_holds_nobody_up_and_proves_nothing_unwritten(
    rubbish: bytes, database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    campaign_id = await prepared(database, keys, now, count=6, batch_size=6)
    async with database.begin() as session:
        batch_id = await session.scalar(select(Batch.id))
        assert batch_id is not None
        taken = await session.run_sync(leasing.take, batch_id=batch_id, lease=7)
        assert taken is not None
        await session.run_sync(claiming.claim, taken, size=2)
    left(tmp_path, rubbish, batch_id=batch_id)
    with Relay().running() as relay:
        async with working(database, keys, relay.url, folder=tmp_path):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    copies = list((await ends(database, campaign_id)).values())
    assert copies.count(("uncertain", None)) == 2


@on_postgresql
async def test_a_journal_that_the_database_refuses_is_set_aside(
    database: Database, keys: Keys, now: datetime, tmp_path: Path
) -> None:
    campaign_id = await prepared(database, keys, now, count=6, batch_size=6)
    journal = Journal(tmp_path, "tests")
    async with database.begin() as session:
        batch_id = await session.scalar(select(Batch.id))
        assert batch_id is not None
        notes = journal.begin(batch_id, 7, "relay:25")
        taken = await session.run_sync(leasing.take, batch_id=batch_id, lease=7)
        assert taken is not None
        (row,) = (await session.run_sync(claiming.claim, taken, size=1)).rows
    notes.leaves(row.id, 1)
    notes.told(row.id, 1, judge(Stage.BODY, 250, "2.0.0 ok \x00 queued"))
    close_as_killed(notes)
    async with database.begin() as session:
        await leasing.end_leases(session)
    with Relay().running() as relay:
        async with working(database, keys, relay.url, folder=tmp_path):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
    copies = await ends(database, campaign_id)
    assert copies[row.email] == ("uncertain", None)
    assert row.email not in relay.recipients
    assert [Path(it).suffix for it in os.listdir(tmp_path)] == [".refused"]  # noqa: PTH208


async def test_a_journal_folder_that_cannot_be_read_is_no_lost_database(
    database: Database, keys: Keys, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id = await prepared(database, keys, now, count=6, batch_size=6)
    left(tmp_path, b"")
    real = os.open

    def refused(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if str(path).endswith(".taking"):
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", refused)
    with Relay().running() as relay:
        async with working(database, keys, relay.url, folder=tmp_path):
            assert await rests(database, campaign_id) is CampaignState.FINISHED
