"""Records mails that came back while its block lasts, and notes how fast."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType

from mailer.bounces.handling import Arrival, read_arrival
from mailer.bounces.tokens import Tokens
from mailer.campaign.taking_in import take_in_many
from pli.database import Database
from tests.factories import KEYS

TRANSACTION_SECONDS = 0.3
"""Mails of one transaction are noted within this time of each other."""


def reading() -> Callable[[bytes], Arrival]:
    """How a mail is read."""
    tokens = Tokens(KEYS)
    return lambda raw: read_arrival(raw=raw, came_to="", door="benchmark", tokens=tokens)


class Recorder:
    """Records the mails of a file in a task beside the block; "": none."""

    def __init__(self, database: Database, file: str) -> None:
        self._database = database
        texts = json.loads(Path(file).read_text()) if file else []
        self._mails = [("", it.encode("latin-1")) for it in texts]
        self._noted: list[float] = []
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Recorder:
        if self._mails:
            self._task = asyncio.create_task(self._record())
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

    async def _record(self) -> None:
        async for _ in take_in_many(
            self._database, self._mails, read=reading(), now=partial(datetime.now, UTC)
        ):
            self._noted.append(time.monotonic())

    def per_second(self) -> float:
        """Mails a second, from the end of the first transaction on: it came before the sending."""
        if not self._noted:
            return 0.0
        first = [it for it in self._noted if it < self._noted[0] + TRANSACTION_SECONDS]
        rest = len(self._noted) - len(first)
        return rest / max(0.001, self._noted[-1] - first[-1])
