"""How many rows an import writes in one transaction, so that nobody waits long behind it."""

from __future__ import annotations

from dataclasses import dataclass

TARGET_SECONDS = 0.2
"""How long a slice is to hold SQLite's write lock. On a busy machine some take twice as long."""
REST_SECONDS = 0.12
"""SQLite's waiting writers look at the lock every 100 ms at least, and its locks are unfair: who
lets go and takes the lock again at once keeps all others out."""
LARGEST = 10_000
SMALLEST = 20


@dataclass(slots=True)
class SlicePace:
    """The rows of the next slice, by how long the slices before took: the machine's own speed.

    It begins small. A slice is twice as large as the one before at most, and at once as small as
    the last measurement demands.
    """

    rows: int = 50

    def learn(self, rows: int, seconds: float) -> None:
        """Know how long a slice of so many rows held the lock."""
        fitting = rows * TARGET_SECONDS / max(seconds, 0.001)
        self.rows = max(SMALLEST, min(LARGEST, 2 * self.rows, round(fitting)))
