"""Records mails that a door brought, while its block lasts, and notes how fast."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from sqlalchemy import func, select

from mailer.bounces.arrivals import Arrival, read_arrival
from mailer.bounces.tokens import Tokens
from mailer.intake import taking, working
from mailer.intake.working import Means
from mailer.intake_models import IntakeMail
from pli.database import Database
from tests.factories import KEYS

TRANSACTION_SECONDS = 0.3
"""Mails of one transaction are noted within this time of each other."""
AT_ONCE = 500
MEANS = Means(KEYS, Tokens(KEYS))


def reading() -> Callable[[bytes], Arrival]:
    """How a mail is read."""
    tokens = Tokens(KEYS)
    return lambda raw: read_arrival(raw=raw, came_to="", door="benchmark", tokens=tokens)


async def take(database: Database, mails: Sequence[bytes]) -> None:
    """Let a door bring mails."""
    for begin in range(0, len(mails), AT_ONCE):
        async with database.begin() as session:
            for it in mails[begin : begin + AT_ONCE]:
                now = datetime.now(UTC)
                await taking.take(session, raw=it, came_to="", by="benchmark", now=now)


class Recorder:
    """Works on the mails of a file beside the block, as the chore of `pli serve` does; "": none."""

    def __init__(self, database: Database, file: str) -> None:
        self._database = database
        self._file = file
        self._task: asyncio.Task[None] | None = None
        self._begun = 0.0
        self._recorded = 0
        self._seconds = 0.0

    async def take(self) -> None:
        """Let the mails come in, before the sending begins."""
        if self._file:
            texts = json.loads(await asyncio.to_thread(Path(self._file).read_text))
            await take(self._database, [it.encode("latin-1") for it in texts])

    async def __aenter__(self) -> Recorder:
        if self._file:
            self._begun = time.monotonic()
            self._task = asyncio.create_task(self._work())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._seconds = time.monotonic() - self._begun
            async with self._database.reading() as session:
                done = select(func.count()).where(IntakeMail.due_at.is_(None))
                self._recorded = await session.scalar(done) or 0

    async def _work(self) -> None:
        (kind,) = working.kinds(self._database, MEANS)
        while await kind.handle(taking.LINE) is not None:
            pass

    def per_second(self) -> float:
        """Mails a second, over the whole sending."""
        return self._recorded / max(0.001, self._seconds) if self._seconds else 0.0
