"""Slots: a provider with limits has a slot of its own, so that no other provider waits for it.

A slot says how many windows may be unsettled at once. Its pace says how large they should be.
Providers without limits share the open slot.
"""

from __future__ import annotations

import asyncio

from mailer.engine.window_size import WINDOWS, Pace
from mailer.providers import WHOLE

NARROW_WINDOWS = 2


class ProviderSlot:
    """The slot of one provider at one relay, or the open slot."""

    def __init__(self, connections: int, windows: int) -> None:
        self.windows = asyncio.Semaphore(windows)
        self.pace = Pace(connections)
        self.batch: int | None = None
        """The batch in work in a provider's own slot; not used in the open slot."""


class ProviderSlots:
    """The slots of one engine; a provider's own slot is made when it is first asked for."""

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
        """The providers in whose own slot at a relay a batch is in work."""
        return {name for (at, name), slot in self._slots.items() if at == relay and slot.batch}

    def total(self) -> float:
        """Copies settled a second, in all slots."""
        return self.open.pace.rate() + sum(it.pace.rate() for it in self._slots.values())

    def rate(self, relay: str, provider: str) -> float:
        """Copies settled a second in a provider's own slot (0: it has none); WHOLE: in all."""
        if provider == WHOLE:
            return self.total()
        slot = self._slots.get((relay, provider))
        return slot.pace.rate() if slot is not None else 0.0
