"""The clock that measures durations on this machine."""

from __future__ import annotations

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boot_time() -> float:
    """Seconds on a clock that nobody sets, and that runs on while the machine sleeps."""
    return time.clock_gettime(_CLOCK)
