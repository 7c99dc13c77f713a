"""A lock that several may share, or one may have alone; whoever comes first goes first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SharedLock:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._inside = 0
        self._taken = False
        self._waiting: deque[tuple[asyncio.Future[None], bool]] = deque()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Go in beside others."""
        await self._enter(alone=False)
        try:
            yield
        finally:
            self._leave()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Go in when nobody is there, and let nobody in meanwhile."""
        await self._enter(alone=True)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, *, alone: bool) -> None:
        if not self._waiting and self._is_free(alone):
            self._let_in(alone)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, alone))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._next()  # whoever waits behind may go in beside those who are there
            else:
                self._leave()  # it was let in at the same moment
            raise

    def _leave(self) -> None:
        self._inside -= 1
        self._taken = False
        self._next()

    def _next(self) -> None:
        while self._waiting:
            turn, alone = self._waiting[0]
            if not turn.cancelled():
                if not self._is_free(alone):
                    return
                self._let_in(alone)
                turn.set_result(None)
            self._waiting.popleft()

    def _is_free(self, alone: bool) -> bool:
        return not self._inside if alone else not self._taken

    def _let_in(self, alone: bool) -> None:
        self._inside += 1
        self._taken = alone
