"""The sweep: finds the batches and chores that are due, and starts them."""

from __future__ import annotations

from mailer.bounces import pausing
from mailer.engine.batch_source import BatchSource
from mailer.engine.chore_work import EngineChoreWork
from mailer.engine.context import EngineContext
from mailer.engine.relay_watch import RelayWatch


class Sweep:
    """Finds what is due in one database, and starts it."""

    def __init__(
        self,
        context: EngineContext,
        source: BatchSource,
        chores: EngineChoreWork,
        relay_watch: RelayWatch,
    ) -> None:
        self._context = context
        self._source = source
        self._chores = chores
        self._relay_watch = relay_watch

    async def watch_relays(self) -> None:
        """Do only the part of `step` that must not wait for long."""
        if self._context.scope.batches:
            await self._relay_watch.step()

    async def step(self) -> bool:
        """Distribute the batches and begin the chores that are due; whether there were any."""
        if not self._context.scope.batches:
            return False  # it has nothing to do with relays, and its chores come from the queue
        await self._relay_watch.step()
        async with self._context.database.reading() as session:
            batches = await self._source.look(session)
            chores = await self._chores.look(session)
            burst_campaigns = await session.run_sync(
                pausing.of_running, self._context.scope, self._context.policy_pause
            )
        for campaign_id, reason in burst_campaigns:
            await self._context.pause(campaign_id, reason)
        await self._source.distribute(batches)
        if not self._context.stopping:
            self._chores.begin(chores)
        return bool(batches or chores)
