"""Deletes what lets nobody into the office any more, once an hour."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from accounts import sweeping
from pli.database import Database, DatabaseAway

log = logging.getLogger("pli.web")

HOUR = 3_600.0


@asynccontextmanager
async def tidying(database: Database) -> AsyncIterator[None]:
    """Tidy up while the block inside runs."""
    task = asyncio.create_task(_tidy(database))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _tidy(database: Database) -> None:
    while True:
        try:
            async with database.begin() as session:
                await sweeping.sweep(session, now=datetime.now(UTC))
        except DatabaseAway as error:
            log.warning("office.not_tidied", extra={"error": type(error).__name__})
        await asyncio.sleep(HOUR)
