"""Work that comes as jobs: what hands them to a handler, on either database.

The tables are the truth, and a job is a hint: one that is lost is found again by whoever looks
through the tables, and one that comes twice finds nothing to do. On SQLite the queue of one process
is enough (`pli.memory_work`); on PostgreSQL all processes share one (`pli.queueing`,
docs/decisions/044).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol


class Job(NamedTuple):
    """A piece of work: what it is about, in which kind of work, and how often it came back."""

    payload: str
    entrypoint: str
    attempts: int = 0


class Again(NamedTuple):
    """A handler's answer: the same job shall come again after so many seconds."""

    seconds: float


class Held(NamedTuple):
    """A handler's answer: the job shall stay where it is, until a person frees it."""

    code: str


Handle = Callable[[Job], Awaitable[Again | Held | None]]
"""Does one job. None: it is done, and ends. What it raises is logged, and the job comes again."""


class Work(Protocol):
    """Hands jobs to a handler."""

    async def run(self, handle: Handle) -> None:
        """Hand over jobs until `stop`, and wait for those in work; to be called once."""

    def stop(self) -> None:
        """Take no further job."""

    def wake(self) -> None:
        """Look for jobs now: more of them may be taken than when they were last looked for."""


async def until(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, `seconds` at most; whether the event came."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
