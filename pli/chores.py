"""Chores: all work that is no batch. A room registers a kind with a handler, and offers rows to it.

The rows are the truth. On SQLite, and for an engine that sends one thing, they are asked what is
due (`chore_look`); on PostgreSQL a job `kind:row` in a queue says so to one of the processes that
listen (`chore_queue`). Either way `carry_out` does the chore, and writes down what became of it.

A chore may be done twice, because a process was stopped in the middle of it and another one took
over: a handler guards itself by the state of its row, in the WHERE.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from pli import chore_rows
from pli.chore_rows import SCHEDULE, Claimed, Later, Source
from pli.chore_schedule import Schedule
from pli.database import Database, DatabaseAway
from pli.work import Again, Held, until

__all__ = ["Again", "ChoreFailed", "Held", "Kind", "Kinds", "carry_out"]

log = logging.getLogger("pli.chores")

DELAYS = (60.0, 300.0, 900.0, 3600.0)
AWAY_SECONDS = 5.0
"""Time to the next try after the database did not answer; that is no failure of the chore."""
RENEW_SECONDS = 10.0


class ChoreFailed(Exception):
    """A chore could not be done now; `code` says why, in one word that names nobody.

    `held`: no further try is made by itself, for only a person can mend the cause.
    """

    def __init__(self, code: str, *, held: bool = False) -> None:
        super().__init__(code)
        self.code = code[:64]
        self.held = held


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of chore: its name (16 characters at most), and the handler that does one.

    `handle` gets the row's id, 0 for the schedule, and opens its own transactions. It returns None
    if all is done, or Again, and raises if it failed. `delays`: seconds before each further try;
    after the last, the chore is held. `concurrency`: so many at a time in one process. `source`
    selects the ids of rows that say by themselves that they are due; without one, rows are offered
    (`chore_offers.offer`).
    """

    name: str
    handle: Callable[[int], Awaitable[Again | None]]
    delays: Sequence[float] = DELAYS
    concurrency: int = 2
    schedule: Schedule | None = None
    source: Source | None = None
    by_relay: bool = False
    """Whether it needs the relay: then a process that sends no letters does not do it."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds that one process does, by name."""

    by_name: Mapping[str, Kind] = field(default_factory=dict)

    @classmethod
    def of(cls, kinds: Sequence[Kind]) -> Kinds:
        """Raises ValueError for a name that is taken, or that its column cannot hold."""
        found: dict[str, Kind] = {}
        for kind in kinds:
            if kind.name in found:
                raise ValueError(f"{kind.name}: two kinds of chores have this name")
            if not 1 <= len(kind.name) <= 16 or ":" in kind.name:
                raise ValueError(f"{kind.name}: no name for a kind of chores")
            found[kind.name] = kind
        return cls(found)

    @property
    def offered(self) -> Sequence[str]:
        """The kinds whose chores are offered, or are due by a schedule."""
        return [name for name, kind in self.by_name.items() if kind.source is None]

    @property
    def sources(self) -> Mapping[str, Source]:
        """The kinds whose own rows say what is due."""
        return {name: it.source for name, it in self.by_name.items() if it.source is not None}

    @property
    def schedules(self) -> Mapping[str, Schedule]:
        """The kinds that are due by themselves."""
        return {name: it.schedule for name, it in self.by_name.items() if it.schedule is not None}


async def carry_out(database: Database, kind: Kind, row_id: int) -> Again | Held | None:
    """Do one chore, and write down what became of it; the answer is for the chore's job.

    None: the chore is over, or was not due. Nothing that goes wrong in the handler leaves this
    function, neither as an exception nor as a text.
    """
    try:
        async with database.begin() as session:
            claimed = await chore_rows.claim(
                session, kind.name, row_id, lease=secrets.randbits(63), source=kind.source
            )
    except DatabaseAway as error:
        extra = {"kind": kind.name, "row": row_id, "reason": str(error)}
        log.warning("chore.not_taken", extra=extra)
        return Again(AWAY_SECONDS)
    if claimed is None:
        return None
    if isinstance(claimed, Later):
        return Again(claimed.seconds)
    try:
        answer = await _handled(database, kind, claimed)
        async with database.begin() as session:
            return await _settled(session, kind, claimed, answer)
    except DatabaseAway as error:
        # Its lease lapses, or its own row says it: the chore is done once more.
        extra = {"kind": kind.name, "row": row_id, "reason": str(error)}
        log.warning("chore.not_settled", extra=extra)
        return Again(AWAY_SECONDS)


async def _handled(database: Database, kind: Kind, claimed: Claimed) -> Again | ChoreFailed | None:
    try:
        async with _renewing(database, claimed):
            return await kind.handle(claimed.row_id)
    except DatabaseAway:
        raise
    except ChoreFailed as failed:
        extra = {"kind": kind.name, "row": claimed.row_id, "code": failed.code}
        log.warning("chore.failed", extra=extra)
        return failed
    # A fault of any handler is this chore's alone. What it says may hold addresses, and so may the
    # values in its frames: its class and its place are kept.
    except Exception as error:
        broke = ChoreFailed(type(error).__name__)
        place = traceback.extract_tb(error.__traceback__)[-1]
        at = f"{place.filename}:{place.lineno}"
        extra = {"kind": kind.name, "row": claimed.row_id, "code": broke.code, "at": at}
        log.error("chore.broke", extra=extra)
        return broke


async def _settled(
    session: AsyncSession, kind: Kind, claimed: Claimed, answer: Again | ChoreFailed | None
) -> Again | Held | None:
    if answer is None:
        later = await chore_rows.end(session, claimed, schedule=kind.schedule)
        return Again(later.seconds) if later else None
    if isinstance(answer, Again):
        later = await chore_rows.put_off(session, claimed, answer.seconds)
        return Again(later.seconds) if later else None
    tries, code = claimed.tries + 1, answer.code
    if tries <= len(kind.delays) and not answer.held:
        delay = kind.delays[tries - 1]
        later = await chore_rows.put_off(session, claimed, delay, tries=tries, code=code)
    elif kind.schedule is not None and claimed.row_id == SCHEDULE:
        later = await chore_rows.miss(session, claimed, kind.schedule, tries=tries, code=code)
    elif await chore_rows.hold(session, claimed, tries=tries, code=code):
        return Held(code)
    else:
        return None
    return Again(later.seconds) if later else None


@asynccontextmanager
async def _renewing(database: Database, claimed: Claimed) -> AsyncIterator[None]:
    """Renew the lease of a chore while the block inside runs."""
    if claimed.lease is None:
        yield
        return
    done = asyncio.Event()

    async def renew() -> None:
        while not await until(done, RENEW_SECONDS):
            try:
                async with database.begin() as session:
                    if not await chore_rows.renew(session, claimed):
                        return
            except DatabaseAway:
                continue

    # Told to end, not cancelled: a statement that is cancelled leaves its connection half used.
    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        done.set()
        await renewing
