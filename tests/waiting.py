"""Waits until something else has made a condition true: an engine, a relay, another process.

A condition that reads a database costs some milliseconds. So the longer it has been waited for, the
less often it is asked: never later than a tenth of the time that it took, and 0.1 s at most.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait, without an event loop, until the condition is true."""
    for pause in _pauses(seconds):
        if condition():
            return
        time.sleep(pause)


async def until_true(
    condition: Callable[[], object] | Callable[[], Awaitable[object]], seconds: float = 60
) -> None:
    """Wait until the condition is true, while the loop goes on."""
    for pause in _pauses(seconds):
        found = condition()
        if await found if inspect.isawaitable(found) else found:
            return
        await asyncio.sleep(pause)


def _pauses(seconds: float) -> Iterator[float]:
    """The seconds to wait before each further look; fails once `seconds` are over."""
    begun = time.monotonic()
    while (waited := time.monotonic() - begun) < seconds:
        yield min(max(waited / 10, 0.01), 0.1)
    raise AssertionError(f"it did not happen within {seconds:g} s")
