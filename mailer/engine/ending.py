"""Why a batch run claims nothing more."""

from __future__ import annotations

import enum


class Ending(enum.IntEnum):
    """What ends a run; of two endings, the one further down this list counts."""

    LIMIT = enum.auto()
    """A limit of relay or provider allows no copy now; after a later permit the run goes on."""
    TURN = enum.auto()
    """The batch has had its turn, and another campaign waits."""
    DRAINED = enum.auto()
    """No row of the batch is due any more."""
    HOUR = enum.auto()
    """The campaign may not send at this hour."""
    RELAY = enum.auto()
    """The relay cannot be used."""
    STOPPED = enum.auto()
    """The engine stops."""
    PAUSED = enum.auto()
    """The campaign no longer runs."""
    CANCELLED = enum.auto()
    """The campaign was cancelled."""
    LEASE_LOST = enum.auto()
    """Another worker has the batch, or the heartbeat that renews the lease has failed."""
    JOURNAL = enum.auto()
    """This machine cannot write its journal."""
    FAULT = enum.auto()
    """An unexpected error."""

    @property
    def blameless(self) -> bool:
        """Whether the cause lies outside the batch; then the taking does not count as fruitless."""
        return self in (Ending.LIMIT, Ending.HOUR, Ending.RELAY, Ending.STOPPED)

    @property
    def calls_back(self) -> bool:
        """Whether the run recalls its claimed copies that are not on the wire yet."""
        return self >= Ending.HOUR
