"""Measures how fast copies are settled, and decides how many rows a window should hold."""

from __future__ import annotations

import time
from collections import deque

WINDOWS = 3
LARGEST_WINDOW = 300
UNSETTLED_SECONDS = 2.0
LATEST_SECONDS = 30.0


class Pace:
    """Copies settled a second, over the last few seconds.

    Together, the unsettled windows of the open slot hold the copies of about two seconds.
    """

    def __init__(self, connections: int) -> None:
        self._least = connections
        self._marks: deque[tuple[float, int]] = deque(maxlen=16)

    def mark(self, copies: int) -> None:
        """Note that `copies` were settled just now."""
        self._marks.append((time.monotonic(), copies))

    def rate(self) -> float:
        """Copies settled a second; marks older than `LATEST_SECONDS` do not count."""
        now = time.monotonic()
        marks = [it for it in self._marks if now - it[0] < LATEST_SECONDS]
        elapsed = now - marks[0][0] if marks else 0.0
        return sum(n for _, n in marks[1:]) / elapsed if elapsed > 0 else 0.0

    def window(self) -> int:
        """How many rows to claim next, at least one a connection.

        After a long wait, the rate is measured anew from this call on.
        """
        if not self._marks or self._marks[-1][0] < time.monotonic() - LATEST_SECONDS:
            self.mark(0)
        wanted = int(self.rate() * UNSETTLED_SECONDS / WINDOWS)
        return max(self._least, min(LARGEST_WINDOW, wanted))
