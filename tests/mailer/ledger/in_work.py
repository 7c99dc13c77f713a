"""Puts copies in work, as a worker would, without a worker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from mailer.ledger import claiming, leasing
from mailer.ledger.rows import LeasedBatch
from mailer.models import Batch
from pli.database import Database


async def claimed(
    database: Database, size: int, lease: int = 7
) -> tuple[LeasedBatch, Sequence[Row[Any]]]:
    """Take a batch and claim `count` of its rows; both."""
    async with database.begin() as session:
        batch_id = await session.scalar(select(Batch.id))
        assert batch_id is not None
        taken = await session.run_sync(leasing.take, batch_id=batch_id, lease=lease)
        assert taken is not None
        return taken, (await session.run_sync(claiming.claim, taken, size=size)).rows
