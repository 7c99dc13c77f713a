"""Whose turn it is to run the engine of a SQLite file: one process at a time, and who is next.

On PostgreSQL every process has an engine of its own, and nobody waits.
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
"""So long an engine has nothing in work before it makes room for one that waits."""
ALL, NEXT = "engine-all", "engine-next"
"""The places in the line: of who sends everything, and of who sends one campaign or notice."""


def lock_of(installation: Installation, role: str = "engine") -> Lock | None:
    """The lock of a role on this file; None where many may have it (PostgreSQL)."""
    file = installation.database.file
    return Lock(file, role) if file else None


def take(lock: Lock | None, command: str, only: str = "") -> bool:
    """Try to become the one that has this role on this file."""
    return lock is None or lock.take(Owner(os.getpid(), command, iso(now()), only)) is not None


class Turn:
    """The turn of one process.

    Whoever sends everything goes before who sends one thing, for it does that one thing, too. An
    engine makes room for the first at once, and for others while nothing of its own can leave:
    while it waits for a further try, or for the end of quiet hours.
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
        """Whoever goes away stands in no line."""
        self._leave_the_line()

    @property
    def alone(self) -> bool:
        """Whether this process is the only one with an engine while it has one (SQLite)."""
        return self._engine is not None

    def take(self) -> bool:
        """Try to get the engine; if another process has it, stand in line."""
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
        """The engine has ended."""
        if self._engine is not None:
            self._engine.release()

    def makes_room(self, in_work: int) -> bool:
        """Whether the engine should end, so that another process gets it; asked while it runs."""
        if self.scope.everything:
            return False
        if in_work:
            self._busy_at = time.monotonic()
        idle = time.monotonic() > self._busy_at + IDLE_SECONDS
        return _is_held(self._all) or (idle and _is_held(self._next))

    def owner(self) -> Owner | None:
        """Which process says to have the engine."""
        return self._engine.owner() if self._engine else None

    def waits_for(self) -> Owner | None:
        """The process that must end first, since its engine does not send what is asked here."""
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
