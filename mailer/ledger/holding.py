"""How long a worker may trust its lease of a batch, by its machine's own clock."""

from __future__ import annotations

from pli.clocks import boot_time


class Holding:
    """Until when a lease is held, in seconds of `boot_time`; asked before each copy leaves.

    CLOCK_BOOTTIME goes on while the machine sleeps, so a lease that ran out meanwhile is noticed.
    """

    __slots__ = ("until",)

    def __init__(self) -> None:
        self.until = 0.0

    def renewed(self, asked_at: float, seconds: float) -> None:
        """The database granted what was asked at `asked_at`: hold for `seconds` from then."""
        self.until = asked_at + seconds

    def end(self) -> None:
        """Hold the lease no longer."""
        self.until = 0.0

    def ours(self) -> bool:
        """Whether the lease is still held."""
        return boot_time() < self.until
