"""A lock that several tasks may share, or one may have alone; first come, first served."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SharedLock:
    """A lock for the tasks of one event loop."""

    def __init__(self) -> None:
        self._holders = 0
        self._held_alone = False
        self._waiting: deque[tuple[asyncio.Future[None], bool]] = deque()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Hold the lock together with others."""
        await self._acquire(alone=False)
        try:
            yield
        finally:
            self._release()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Hold the lock alone."""
        await self._acquire(alone=True)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, *, alone: bool) -> None:
        if not self._waiting and self._is_free(alone):
            self._grant(alone)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, alone))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._grant_waiting()  # those behind may perhaps share the lock now
            else:
                self._release()  # the lock was granted at the same moment
            raise

    def _release(self) -> None:
        self._holders -= 1
        self._held_alone = False
        self._grant_waiting()

    def _grant_waiting(self) -> None:
        while self._waiting:
            turn, alone = self._waiting[0]
            if not turn.cancelled():
                if not self._is_free(alone):
                    return
                self._grant(alone)
                turn.set_result(None)
            self._waiting.popleft()

    def _is_free(self, alone: bool) -> bool:
        return not self._holders if alone else not self._held_alone

    def _grant(self, alone: bool) -> None:
        self._holders += 1
        self._held_alone = alone
