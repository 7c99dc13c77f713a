"""Claims of several windows of one batch, which run at once."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from mailer.ledger import claiming, leasing, rows, settling
from mailer.models import Batch, Stage
from mailer.outcomes import Result, judge
from pli.database import Database
from pli.keys import Keys
from tests.mailer.engine.running import prepared


@pytest.fixture
def now() -> datetime:
    """The real time, for a claim uses the database's own clock."""
    return datetime.now(UTC)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_claim_counts_a_try_that_another_window_made_while_it_waited_for_the_batch(
    database: Database, keys: Keys, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prepared(database, keys, now, count=1)
    async with database.begin() as session:
        batch_id = await session.scalar(select(Batch.id))
        assert batch_id is not None
        taken = await session.run_sync(leasing.take, batch_id=batch_id, lease=7)
        assert taken is not None
    real, url = rows.ours, database.url.render_as_string(hide_password=False)

    async def tried_once() -> None:
        """Another window claims the copy, the relay puts it off, and the window is settled."""
        other = Database(url)
        async with other.begin() as session:
            (row,) = (await session.run_sync(claiming.claim, taken, size=1)).rows
            later = Result(row.id, 1, now.timestamp(), judge(Stage.RCPT, 451, "4.2.0 later"))
            await session.run_sync(
                settling.settle, taken, [later], relay="r:25", delays=[0.0], now=now
            )
        await other.close()

    def late(*given: Any) -> None:
        """The first claim gets the batch's lock only after the other window is settled."""
        monkeypatch.setattr(claiming, "ours", real)
        other = threading.Thread(target=asyncio.run, args=(tried_once(),))
        other.start()
        other.join()
        real(*given)

    monkeypatch.setattr(claiming, "ours", late)
    async with database.begin() as session:
        claimed = (await session.run_sync(claiming.claim, taken, size=1)).rows
    assert [row.attempts for row in claimed] == [1]
