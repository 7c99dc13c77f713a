"""Slots: a provider that its limits slow down has a slot of its own, so that no other waits.

Each slot has so many windows that may be unsettled, and a pace by which they are as large as is
right. The open slot is everybody's whom nothing limits.
"""

from __future__ import annotations

import asyncio

from mailer.engine.window_size import WINDOWS, Pace
from mailer.providers import WHOLE

NARROW_WINDOWS = 2


class ProviderSlot:
    """One provider's at one relay, or the open one."""

    def __init__(self, connections: int, windows: int) -> None:
        self.windows = asyncio.Semaphore(windows)
        self.pace = Pace(connections)
        self.batch: int | None = None
        """The batch that is worked on in a slot for one."""


class ProviderSlots:
    """The slots of one engine; they are made when somebody enters."""

    def __init__(self, connections: int) -> None:
        self.open = ProviderSlot(connections, WINDOWS)
        self._connections = connections
        self._slots: dict[tuple[str, str], ProviderSlot] = {}

    def of(self, relay: str, provider: str) -> ProviderSlot:
        """A provider's own slot at a relay."""
        place = (relay, provider)
        if place not in self._slots:
            self._slots[place] = ProviderSlot(
                min(self._connections, NARROW_WINDOWS), NARROW_WINDOWS
            )
        return self._slots[place]

    def busy(self, relay: str) -> set[str]:
        """Whose own slot at a relay is taken."""
        return {name for (at, name), slot in self._slots.items() if at == relay and slot.batch}

    def total(self) -> float:
        """All copies a second."""
        return self.open.pace.rate() + sum(it.pace.rate() for it in self._slots.values())

    def rate(self, relay: str, provider: str) -> float:
        """Copies of a provider a second, as far as it has a slot of its own; WHOLE: of all."""
        if provider == WHOLE:
            return self.total()
        slot = self._slots.get((relay, provider))
        return slot.pace.rate() if slot is not None else 0.0
