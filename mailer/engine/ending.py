"""Why a batch run claims nothing more."""

from __future__ import annotations

import enum


class Ending(enum.IntEnum):
    """What ends a run; of two endings the one further down counts."""

    LIMIT = enum.auto()
    """A limit of its relay or provider leaves no room now; a later permit still goes on."""
    TURN = enum.auto()
    """It has had its turn, and another campaign waits."""
    DRAINED = enum.auto()
    """Nothing of the batch is due any more."""
    HOUR = enum.auto()
    """Its campaign may not send at this hour."""
    RELAY = enum.auto()
    """Its relay cannot be used."""
    STOPPED = enum.auto()
    """The engine stops."""
    PAUSED = enum.auto()
    """Its campaign does not run any more."""
    CANCELLED = enum.auto()
    """Its campaign was cancelled."""
    LEASE_LOST = enum.auto()
    """The batch is another worker's, or nobody renews the lease."""
    JOURNAL = enum.auto()
    """This machine cannot write its journal."""
    FAULT = enum.auto()
    """An error that nobody foresaw."""

    @property
    def blameless(self) -> bool:
        """Whether what ended the run lies elsewhere, so that the taking is not a fruitless one."""
        return self in (Ending.LIMIT, Ending.HOUR, Ending.RELAY, Ending.STOPPED)

    @property
    def calls_back(self) -> bool:
        """Whether the copies that are claimed, and on no wire yet, come back."""
        return self >= Ending.HOUR
