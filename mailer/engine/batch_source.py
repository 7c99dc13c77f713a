"""Where an engine gets its batches from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.engine.provider_slots import ProviderSlot
from pli.work import Again

WorkOn = Callable[[int, ProviderSlot | None], Awaitable[Again | None]]
"""Works on a batch, in its provider's own slot or (None) in the open one; when it comes again."""


class BatchSource(Protocol):
    """Brings batches to an engine: from their rows, or from a queue that all workers share."""

    @property
    def sweep_seconds(self) -> float:
        """How often the sweep looks through the database, if nothing wakes it."""

    @property
    def shared(self) -> bool:
        """Whether a batch that is not worked on must be offered again to others."""

    async def run(self, work_on: WorkOn) -> None:
        """Bring batches until `stop`, and wait for those in work; to be called once."""

    def stop(self) -> None:
        """Bring no further batch."""

    def wake(self) -> None:
        """More may be taken than before."""

    async def look(self, session: AsyncSession) -> Sequence[Any]:
        """What the sweep has to distribute, read in its snapshot."""

    async def distribute(self, found: Sequence[Any]) -> None:
        """Do with it what is to be done."""
