"""How an engine comes to its chores: by the rows themselves, or by the queue of all processes.

By the rows on SQLite, where one process at a time has an engine, and in an engine that sends one
campaign or notice. Otherwise by the queue, to which only a few processes listen: if all did, each
chore would wake all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.engine import constants
from mailer.engine.journal import Journal
from mailer.models import Listening
from pli.chore_runner import ChoreRunner
from pli.chores import Kinds
from pli.database import Database

if TYPE_CHECKING:
    from pli.chore_queue import ChoreQueue


class EngineChoreWork:
    """The chores of one engine."""

    def __init__(
        self,
        database: Database,
        kinds: Kinds,
        *,
        by_rows: bool,
        asked: bool,
        journal: Journal,
    ) -> None:
        """`asked`: listen to the queue all the time, not only as a stand-in.

        In the folder of `journal` stands whose jobs are whose.
        """
        self._asked = asked
        self._rows = ChoreRunner(database, kinds) if by_rows else None
        self._queue: ChoreQueue | None = None
        self._wanted = asyncio.Event()
        self._stopped = asyncio.Event()
        if not by_rows:
            # Imported here: it loads the driver of PostgreSQL, and SQLite needs none.
            from pli.chore_queue import ChoreQueue

            self._queue = ChoreQueue(database, kinds, holding=journal.holding_jobs)
            if asked:
                self._wanted.set()

    @property
    def listening(self) -> Listening:
        """Whether this process does all chores."""
        if self._asked:
            return Listening.ASKED
        return Listening.STANDS_IN if self._wanted.is_set() else Listening.NO

    async def start(self) -> None:
        """Begin; to be called before each look, for the database may have been away."""
        if self._rows is not None:
            await self._rows.start()

    async def look(self, session: AsyncSession) -> Sequence[tuple[str, int]]:
        """What is due by the rows; nothing where the queue says it."""
        return [] if self._rows is None else await self._rows.look(session)

    def begin(self, found: Sequence[tuple[str, int]]) -> None:
        """Start what `look` found."""
        if self._rows is not None:
            self._rows.begin(found)

    def wake(self) -> None:
        """Look for chores now, where this process listens to the queue."""
        if self._queue is not None:
            self._queue.wake()

    async def settled(self) -> None:
        """Wait until all that was begun by the rows is done."""
        if self._rows is not None:
            await self._rows.settled()

    def stand_in(self, needed: bool) -> None:
        """Listen to the queue while nobody does who was asked to."""
        if self._queue is None or self._asked or self._stopped.is_set():
            return
        if needed:
            self._wanted.set()
        elif self._wanted.is_set():
            self._wanted.clear()
            self._queue.stop()

    async def run(self) -> None:
        """Listen to the queue while wanted, until `stop`; then wait for the chores in work."""
        if self._rows is not None:
            await self._stopped.wait()
            await self._rows.end(constants.PATIENCE_SECONDS)
            return
        assert self._queue is not None
        while True:
            await self._wanted.wait()
            if self._stopped.is_set():
                return
            ending = asyncio.create_task(self._end(self._queue))
            try:
                await self._queue.run()
            finally:
                ending.cancel()

    async def _end(self, queue: ChoreQueue) -> None:
        await self._stopped.wait()
        await queue.end(constants.PATIENCE_SECONDS)

    def stop(self) -> None:
        """Take no further chore."""
        self._stopped.set()
        if self._queue is not None:
            self._queue.stop()
        self._wanted.set()
