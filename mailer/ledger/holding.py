"""How long a leased batch is still ours, by this machine's own clock."""

from __future__ import annotations

from pli.clocks import boot_time


class Holding:
    """How long a taken batch is ours, on this machine's clock; asked before each write.

    CLOCK_BOOTTIME goes on while the machine sleeps: a lease that ran out meanwhile is noticed.
    """

    __slots__ = ("until",)

    def __init__(self) -> None:
        self.until = 0.0

    def renewed(self, asked_at: float, seconds: float) -> None:
        """The database said yes to what was asked at `asked_at`: it counts from then."""
        self.until = asked_at + seconds

    def end(self) -> None:
        """It is ours no more from now on."""
        self.until = 0.0

    def ours(self) -> bool:
        """Whether the lease has not run out."""
        return boot_time() < self.until
