"""The event loop, and the interpreter's settings for a process that sends.

In such a process one thread speaks to the relay, and another writes the ledger.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

try:
    from uvloop import new_event_loop
except ImportError:  # Windows and PyPy have no uvloop
    # mypy expects uvloop's own type here; callers use only asyncio's interface.
    new_event_loop = asyncio.new_event_loop  # type: ignore[assignment]

__all__ = ["new_event_loop", "run", "tune_for_sending"]

R = TypeVar("R")

_YOUNG = 50_000
_SWITCH_SECONDS = 0.0001


def run(main: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine to its end, on a loop of its own."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


def tune_for_sending() -> None:
    """Exempt what is loaded by now from garbage collection, and let threads switch after 0.1 ms.

    The collector took a sixth of a sending's time, most of it to walk again through modules and
    statements; reference counts free the copies. A transaction of the ledger asks for the
    interpreter's lock some dozen times: at the usual 5 ms each, the connections would wait for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
    sys.setswitchinterval(_SWITCH_SECONDS)
