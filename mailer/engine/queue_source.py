"""Batches from the queue on PostgreSQL: each is brought to one worker, which has room for it.

The sweep offers only what has no job. Each entrypoint is a list and a provider, and is offered
while this worker may send there: its relay works, no limit holds, and the slot is free.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import jobs, sending_hours
from mailer.engine import constants
from mailer.engine.batch_source import WorkOn
from mailer.engine.context import EngineContext
from mailer.engine.provider_slots import ProviderSlot
from mailer.engine.window_size import WINDOWS
from mailer.ledger.due import waits
from mailer.models import Batch, Campaign, CampaignState
from mailer.providers import WHOLE
from pli import queueing
from pli.queue_names import BATCHES
from pli.queueing import QueueWork
from pli.work import Again, Job
from subscribers import lists

log = logging.getLogger("pli.delivery")

_BUSY = Again(0.5)


class QueueSource:
    """A `BatchSource`."""

    shared = True

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._work = QueueWork(
            context.database, BATCHES, self.offered, holding=context.journal.holding_jobs
        )
        self._open = 0
        """How many batches are in work in the open slot."""
        self._relays: Mapping[int, Sequence[str]] = {}
        """The relays of each list that does not go by all."""

    @property
    def sweep_seconds(self) -> float:
        """How often the sweep looks through the database, if nothing wakes it."""
        return constants.OFFER_SECONDS

    async def run(self, work_on: WorkOn) -> None:
        """Work on what the queue brings."""

        async def handle(job: Job) -> Again | None:
            with self._room(job) as (free, slot):
                return await work_on(int(job.payload), slot) if free else _BUSY

        await self._work.run(handle)

    def stop(self) -> None:
        """Take no further batch."""
        self._work.stop()

    def wake(self) -> None:
        """More may be taken than before."""
        self._work.wake()

    def offered(self, due: Collection[str]) -> Collection[str]:
        """Of the entrypoints that have due jobs, those of which a batch may be taken now."""
        if self._context.stopping:
            return ()
        wanted: dict[str, set[str]] = defaultdict(set)
        offered = []
        for name in due:
            list_id, provider = jobs.parse(name)
            relays = self._relays.get(list_id, ())
            if self._context.failover.waits(relays):
                continue
            courier = self._context.failover.likely(relays)
            slot = None
            if courier is not None:
                wanted[courier.relay].add(provider)
                pacer = self._context.pacers.of(courier)
                if {WHOLE, provider} & set(pacer.closed()):
                    continue
                if pacer.narrow(provider):
                    slot = self._context.slots.of(courier.relay, provider)
                    if not pacer.has_share(provider):
                        continue
            if slot.batch is None if slot is not None else self._open < WINDOWS:
                offered.append(name)
        self._context.pacers.want(wanted)
        return offered

    @contextmanager
    def _room(self, job: Job) -> Iterator[tuple[bool, ProviderSlot | None]]:
        """Room for a batch: whether there is any, and the provider's own slot if it has one."""
        list_id, provider = jobs.parse(job.entrypoint)
        courier = self._context.failover.likely(self._relays.get(list_id, ()))
        if courier is None or not self._context.pacers.of(courier).narrow(provider):
            self._open += 1
            try:
                yield True, None
            finally:
                self._open -= 1
            return
        slot = self._context.slots.of(courier.relay, provider)
        if slot.batch is not None:
            yield False, slot
            return
        slot.batch = int(job.payload)
        try:
            yield True, slot
        finally:
            slot.batch = None

    async def look(self, session: AsyncSession) -> Sequence[int]:
        """The batches that want a worker and have no job."""
        if len(self._context.failover.couriers) > 1:
            self._relays = {it.id: it.relays for it in await lists.everything(session)}
        self._context.waiting = await self._waiting(session)
        # The question costs 10 ms with 10,000 batches due: all workers together ask it once.
        if not await self._context.database.perform(queueing.claim_sweep, self.sweep_seconds):
            return ()
        return await jobs.forgotten(
            session, limit=constants.OFFERED, closed=await sending_hours.closed(session)
        )

    async def distribute(self, found: Sequence[int]) -> None:
        """Offer jobs for what has none."""
        if found:
            offered = await self._context.database.perform(jobs.offer_again, found)
            if offered:
                log.info("batch.offered", extra={"batches": offered})
        self._work.wake()

    async def _waiting(self, session: AsyncSession) -> set[int]:
        """The campaigns that have a batch which waits for a worker."""
        running = await session.scalars(
            select(Campaign.id).where(Campaign.state == CampaignState.RUNNING)
        )
        ids = running.all()
        if len(ids) < 2:
            return set()
        has = exists().where(Batch.campaign_id == Campaign.id, waits())
        found = await session.scalars(select(Campaign.id).where(Campaign.id.in_(ids), has))
        return set(found.all())
