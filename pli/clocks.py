"""The clock by which this machine measures how long something lasts."""

from __future__ import annotations

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def boot_time() -> float:
    """Seconds of a clock that nobody sets and that does not stop in sleep."""
    return time.clock_gettime(_CLOCK)
