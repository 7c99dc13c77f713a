"""A thread of low priority, for work that must take no processor time from other processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

NICE = 10
"""The thread's nice level: beside one busy process it still gets a tenth of a core."""


class BackgroundThread:
    """One thread that gives way to all other processes; for a process that does nothing else.

    In a process that sends, it would keep the interpreter's lock while it waits for its turn.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "background", initializer=_give_way)

    async def run(self, work: Callable[P, R], *args: P.args, **options: P.kwargs) -> R:
        """What `work` returns, done in the thread."""
        return await asyncio.wrap_future(self._pool.submit(work, *args, **options))

    def __enter__(self) -> BackgroundThread:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


def _give_way() -> None:
    # On Linux a nice level is a thread's own; elsewhere the call knows no threads, and fails.
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
