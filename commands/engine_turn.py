"""Decides which process runs the engine of a SQLite file: one at a time, and which one is next.

On PostgreSQL every process has an engine of its own, and no process waits.
"""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Self

from commands.common import Installation, iso, now
from mailer.scope import EVERYTHING, Scope
from pli.lock import Lock, Owner

IDLE_SECONDS = 2.0
"""How long an engine has nothing in work before it makes room for a process that waits."""
ALL, NEXT = "engine-all", "engine-next"
"""The places in the line: for a process that sends everything, and for one that sends one thing."""


def lock_of(installation: Installation, role: str = "engine") -> Lock | None:
    """The lock of a role on the database's file; None on PostgreSQL, where no lock is needed."""
    file = installation.database.file
    return Lock(file, role) if file else None


def take(lock: Lock | None, command: str, only: str = "") -> bool:
    """Try to take a lock for this process; without a lock, every process succeeds."""
    return lock is None or lock.take(Owner(os.getpid(), command, iso(now()), only)) is not None


class Turn:
    """The turn of one process to run the engine.

    A process that sends everything goes before a process that sends one campaign or notice, for
    everything includes that one. An engine for one campaign or notice ends at once for such a
    process. For other processes it ends only while none of its own copies can leave: while they
    wait for another try, or for the end of quiet hours.
    """

    def __init__(self, installation: Installation, command: str, scope: Scope = EVERYTHING) -> None:
        self.command = command
        self.scope = scope
        self._engine = lock_of(installation)
        self._all = lock_of(installation, ALL)
        self._next = lock_of(installation, NEXT)
        self._busy_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the line; `release` gives the engine back."""
        self._leave_the_line()

    @property
    def alone(self) -> bool:
        """Whether only one process at a time may have an engine (SQLite)."""
        return self._engine is not None

    def take(self) -> bool:
        """Try to get the engine; if another process has it, stand in line if the place is free."""
        if self._engine is None:
            return True
        if not self.scope.everything and _is_held(self._all):
            return False
        place = self._all if self.scope.everything else self._next
        if place and not place.held and not take(place, self.command, self.scope.name):
            return False
        if not take(self._engine, self.command, self.scope.name):
            return False
        self._leave_the_line()
        self._busy_at = time.monotonic()
        return True

    def release(self) -> None:
        """Give the engine back after it has ended."""
        if self._engine is not None:
            self._engine.release()

    def makes_room(self, in_work: int) -> bool:
        """Whether the engine should end, so that another process gets it; ask while it runs."""
        if self.scope.everything:
            return False
        if in_work:
            self._busy_at = time.monotonic()
        idle = time.monotonic() > self._busy_at + IDLE_SECONDS
        return _is_held(self._all) or (idle and _is_held(self._next))

    def owner(self) -> Owner | None:
        """The process that has the engine, as the lock file names it."""
        return self._engine.owner() if self._engine else None

    def waits_for(self) -> Owner | None:
        """The process that must end first, for its engine does not send what this process wants."""
        owner = self.owner()
        return owner if owner and owner.only not in ("", self.scope.name) else None

    def _leave_the_line(self) -> None:
        for place in (self._all, self._next):
            if place is not None:
                place.release()


def _is_held(place: Lock | None) -> bool:
    """Whether another process stands in this place."""
    if place is None or place.held:
        return False
    if take(place, ""):
        place.release()
        return False
    return True
