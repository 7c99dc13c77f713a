"""Batches from their rows: the sweep finds those that are due, and queues them in memory.

So on SQLite, where one process sends; and for a process that sends one campaign alone. The rows
are the truth, and the lease decides who has a batch.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import zip_longest

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import sending_hours
from mailer.engine import constants
from mailer.engine.batch_source import WorkOn
from mailer.engine.context import EngineContext
from mailer.engine.provider_slots import ProviderSlot
from mailer.engine.window_size import WINDOWS
from mailer.ledger.due import Due, Shut, due
from mailer.providers import WHOLE
from mailer.smtp.courier import Courier
from pli.memory_work import MemoryWork
from pli.work import Again, Job
from subscribers import lists


class RowsSource:
    """A `BatchSource`."""

    shared = False

    def __init__(
        self,
        context: EngineContext,
        *,
        in_own_slot: Callable[[Due, ProviderSlot], None],
        in_work: Callable[[], Collection[int]],
    ) -> None:
        """`in_own_slot` works on a batch in its provider's slot; `in_work`: campaigns in work."""
        self._context = context
        self._work = MemoryWork(concurrency=WINDOWS)
        self._work_in_own_slot = in_own_slot
        self._in_work = in_work

    @property
    def sweep_seconds(self) -> float:
        """How often the sweep looks through the database, if nothing wakes it."""
        return constants.SWEEP_SECONDS

    async def run(self, work_on: WorkOn) -> None:
        """Work on what was queued, in the open slot."""

        async def handle(job: Job) -> Again | None:
            return await work_on(int(job.payload), None)

        await self._work.run(handle)

    def stop(self) -> None:
        """Take no further batch."""
        self._work.stop()

    def wake(self) -> None:
        """Nothing to do: the sweep is woken, and finds everything."""

    async def look(self, session: AsyncSession) -> Sequence[Due]:
        """The batches that are due, and nobody's."""
        return await due(
            session,
            limit=constants.LOOKED_AT,
            closed=await sending_hours.closed(session),
            without=await self._shut(session),
            scope=self._context.scope,
        )

    async def _shut(self, session: AsyncSession) -> Sequence[Shut]:
        """The providers that nothing may be sent to now, by the relays of the lists."""
        failover = self._context.failover
        if len(failover.couriers) == 1:
            if failover.waits():
                return (Shut(None, None),)
            return self._shut_at(self._context.failover.likely(), None)
        found: list[Shut] = []
        by_relays: dict[Courier | None, list[int]] = defaultdict(list)
        waiting: list[int] = []
        for list_ in await lists.everything(session):
            if failover.waits(list_.relays):
                waiting.append(list_.id)
            else:
                by_relays[failover.likely(list_.relays)].append(list_.id)
        if waiting:
            found.append(Shut(None, waiting))
        for courier, ids in by_relays.items():
            found += self._shut_at(courier, ids)
        return found

    def _shut_at(self, courier: Courier | None, ids: Sequence[int] | None) -> Sequence[Shut]:
        """The providers that a relay may send nothing to now, for these lists (None: for all)."""
        if courier is None:
            return ()
        closed = self._context.pacers.of(courier).closed()
        if WHOLE in closed:
            return (Shut(None, ids),)
        providers = {*closed, *self._context.slots.busy(courier.relay)}
        return (Shut(providers, ids),) if providers else ()

    async def distribute(self, found: Sequence[Due]) -> None:
        """Queue each due batch for the open slot, or start it in its provider's own slot."""
        wanted: dict[str, set[str]] = defaultdict(set)
        free: dict[int, list[int]] = defaultdict(list)
        # In random order: else all workers would try to take the same batches.
        for batch in random.sample(found, len(found)):
            courier = self._context.failover.likely(batch.relays)
            if courier is None:
                free[batch.campaign_id].append(batch.id)  # `BatchWork._run` pauses its campaign
                continue
            wanted[courier.relay].add(batch.provider)
            pacer = self._context.pacers.of(courier)
            if not pacer.narrow(batch.provider):
                free[batch.campaign_id].append(batch.id)
            elif pacer.has_share(batch.provider):
                self._work_in_own_slot(batch, self._context.slots.of(courier.relay, batch.provider))
        self._context.pacers.want(wanted)
        await self._queue(free)

    async def _queue(self, free: Mapping[int, Sequence[int]]) -> None:
        """Queue batches; campaigns take turns, and one with nothing in work goes first."""
        busy = self._in_work()
        self._context.waiting = set(free)
        await self._work.enqueue(
            [ids[0] for campaign, ids in free.items() if campaign not in busy], first=True
        )
        turns = [it for turn in zip_longest(*free.values()) for it in turn if it is not None]
        await self._work.enqueue(turns[: max(0, constants.QUEUED - self._work.known)])
