"""Rooms: what is slow by its limits has a small room of its own, and keeps nobody waiting outside.

Each room has so many windows that may be unsettled, and a pace by which they are as large as is
right. The open room is everybody's whom nothing limits.
"""

from __future__ import annotations

import asyncio

from mailer.engine.window_size import WINDOWS, Pace
from mailer.pacing.limits import WHOLE

NARROW_WINDOWS = 2


class Room:
    """One provider's at one relay, or the open one."""

    def __init__(self, connections: int, windows: int) -> None:
        self.windows = asyncio.Semaphore(windows)
        self.pace = Pace(connections)
        self.batch: int | None = None
        """The batch that is worked on in a room for one."""


class Rooms:
    """The rooms of one engine; they are made when somebody enters."""

    def __init__(self, connections: int) -> None:
        self.open = Room(connections, WINDOWS)
        self._connections = connections
        self._rooms: dict[tuple[str, str], Room] = {}

    def of(self, relay: str, provider: str) -> Room:
        """A provider's own room at a relay."""
        place = (relay, provider)
        if place not in self._rooms:
            self._rooms[place] = Room(min(self._connections, NARROW_WINDOWS), NARROW_WINDOWS)
        return self._rooms[place]

    def busy(self, relay: str) -> set[str]:
        """Whose own room at a relay is taken."""
        return {name for (at, name), room in self._rooms.items() if at == relay and room.batch}

    def total(self) -> float:
        """All copies a second."""
        return self.open.pace.rate() + sum(it.pace.rate() for it in self._rooms.values())

    def rate(self, relay: str, provider: str) -> float:
        """Copies of a provider a second, as far as it has a room of its own; WHOLE: of all."""
        if provider == WHOLE:
            return self.total()
        room = self._rooms.get((relay, provider))
        return room.pace.rate() if room is not None else 0.0
