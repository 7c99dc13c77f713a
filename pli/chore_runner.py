"""Runs chores by what their rows say is due: in the one process of a SQLite file that works, or in
one that sends a single thing. On PostgreSQL, `chore_queue` distributes them instead.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from pli import chore_look, chore_rows
from pli.chores import Again, Kinds, carry_out
from pli.clocks import boot_time
from pli.database import Database

log = logging.getLogger("pli.chores")

REST_SECONDS = 0.5
"""A chore that has changed nothing (somebody else had locked its row) is found again at once."""


class ChoreRunner:
    """Does what is due: `look`, then `begin`, then `settled` by whoever wants to wait."""

    def __init__(self, database: Database, kinds: Kinds) -> None:
        self._database = database
        self._kinds = kinds
        self._due = chore_look.due_chores(offered=kinds.offered, sources=kinds.sources)
        self._started = False
        self._running: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._not_before: dict[tuple[str, int], float] = {}
        """When a chore whose own row may still call it due is done again (boot time)."""

    async def start(self) -> None:
        """Give each schedule its row; to be called again if the database was away."""
        if not self._started:
            async with self._database.begin() as session:
                await chore_rows.ensure_schedules(session, self._kinds.schedules)
            self._started = True

    async def look(self, session: AsyncSession) -> Sequence[tuple[str, int]]:
        """The kinds and row ids of what is due, by one statement."""
        return await chore_look.look(session, self._due)

    def begin(self, found: Sequence[tuple[str, int]]) -> bool:
        """Start what is due, as far as its kind has hands free; whether there was anything."""
        now = boot_time()
        self._not_before = {it: then for it, then in self._not_before.items() if then > now}
        busy = Counter(kind for kind, _ in self._running)
        for name, row_id in found:
            if (name, row_id) in self._running or (name, row_id) in self._not_before:
                continue
            if busy[name] >= self._kinds.by_name[name].concurrency:
                continue
            busy[name] += 1
            self._running[name, row_id] = asyncio.create_task(self._do(name, row_id))
        return bool(found)

    async def settled(self) -> None:
        """Wait until all that was begun is done."""
        if self._running:
            await asyncio.wait(list(self._running.values()))

    async def end(self, patience: float) -> None:
        """Wait for what is in work, so many seconds; what is longer is cancelled, and done anew."""
        if self._running:
            _, late = await asyncio.wait(list(self._running.values()), timeout=patience)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    async def _do(self, name: str, row_id: int) -> None:
        rest = REST_SECONDS
        try:
            answer = await carry_out(self._database, self._kinds.by_name[name], row_id)
            if isinstance(answer, Again):
                rest = max(rest, answer.seconds)
        # No fault of one chore ends the engine; it stays due, and is found again.
        except Exception as error:
            log.error(
                "chore.broke", extra={"kind": name, "row": row_id, "code": type(error).__name__}
            )
        finally:
            del self._running[name, row_id]
            if name in self._kinds.sources:
                self._not_before[name, row_id] = boot_time() + rest
