"""Counts for whom a letter would be: one query at a time for each person, the older one ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from pli.database import Database

PAGE_SECONDS = 2.0
"""A page waits so long for numbers that stand beside what it is about."""
ASKED_SECONDS = 30.0
"""So long where somebody asked for the numbers, or nothing can be decided without them."""
R = TypeVar("R")


class Overtaken(Exception):
    """The same person has asked something newer meanwhile."""


class Counting:
    """The running count of each account."""

    def __init__(self) -> None:
        self._running: dict[int, asyncio.Task[Any]] = {}

    async def count(
        self,
        database: Database,
        account_id: int,
        count: Callable[[AsyncSession], Awaitable[R]],
        *,
        within: float,
    ) -> R | None:
        """The count, or None if it takes longer than so many seconds: then it is ended.

        Raises Overtaken if the same account asks for another count meanwhile.
        """
        # Again and again: while one ends, another may have begun.
        while (before := self._running.get(account_id)) is not None and not before.done():
            await self._end(before)
        task = asyncio.ensure_future(database.read_stoppably(count))
        self._running[account_id] = task
        try:
            done, _ = await asyncio.wait({task}, timeout=within)
        except asyncio.CancelledError:
            await self._end(task)
            raise
        finally:
            if self._running.get(account_id) is task:
                del self._running[account_id]
        if not done:
            await self._end(task)
            return None
        if task.cancelled():
            raise Overtaken
        return task.result()

    async def _end(self, task: asyncio.Task[Any]) -> None:
        # Cancelled once more, it would not wait for the end of its statement.
        if not task.cancelling():
            task.cancel()
        with suppress(Exception, asyncio.CancelledError):
            await asyncio.wait({task})
