"""The engine: finds batches that are due, takes them, and sends their copies.

`sweep` finds what is to be done, `batch_work` takes a batch and gives it back, `batch_run` sends
its copies, `heartbeat` watches over that run. This module starts all of them. `Engine.sweep` and
`BatchWork.work` do one piece and return, so that tests can step them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Self

from mailer.campaign.policy import SendingPolicy
from mailer.engine import constants
from mailer.engine.batch_source import BatchSource
from mailer.engine.batch_work import BatchWork
from mailer.engine.chore_work import EngineChoreWork
from mailer.engine.chores import EngineChores
from mailer.engine.context import EngineContext
from mailer.engine.dead_journals import DeadJournals
from mailer.engine.ending import Ending
from mailer.engine.journal import Journal
from mailer.engine.pressed_campaigns import PressedCampaigns
from mailer.engine.provider_slots import ProviderSlot, ProviderSlots
from mailer.engine.relay_watch import Patience, RelayWatch
from mailer.engine.rows_source import RowsSource
from mailer.engine.sweep import Sweep
from mailer.engine.window import WindowCopy
from mailer.engine.workers import Figures
from mailer.ledger.due import Due
from mailer.models import Listening
from mailer.notices.notice_sender import NoticeSender
from mailer.notices.sending_mail import SendingMails
from mailer.pacing.pacer import Pacer
from mailer.pacing.pacers import Pacers
from mailer.providers import WHOLE
from mailer.scope import EVERYTHING, Scope
from mailer.smtp.courier import Courier
from mailer.smtp.failover import RelayFailover
from mailer.smtp.observer import UNOBSERVED, Observer
from pli.chores import Kind, Kinds
from pli.clocks import boot_time
from pli.database import Database, DatabaseAway
from pli.errors import PliError
from pli.keys import Keys
from pli.language import Sentence
from pli.work import until

log = logging.getLogger("pli.delivery")


class Engine:
    """Sends what its scope names of one database, through one courier or several.

    `async with` starts its parts. A part that dies stops the others in order; its error is raised
    at the end.
    """

    def __init__(
        self,
        database: Database,
        keys: Keys,
        courier: Courier | RelayFailover,
        *,
        journal: Journal,
        connections: int,
        policy_pause_percent: float = 30.0,
        policy: SendingPolicy | None = None,
        observer: Observer = UNOBSERVED,
        without_database: float | None = None,
        pacers: Mapping[str, Pacer] | None = None,
        scope: Scope = EVERYTHING,
        patience: Patience | None = None,
        kinds: Sequence[Kind] = (),
        listening: Listening = Listening.ASKED,
    ) -> None:
        """`kinds`: chores of other rooms, for an engine of everything.

        `listening`: whether it listens to the queue of chores all the time (PostgreSQL).
        """
        failover = RelayFailover.of(courier)
        slots = ProviderSlots(connections)
        policy = policy or SendingPolicy(token_key=keys.current)
        self._context = EngineContext(
            database,
            failover,
            Pacers(database, failover, pacers),
            slots,
            PressedCampaigns(database, keys, by_mail=policy.leave_by_mail),
            journal,
            observer,
            policy_pause_percent / 100,
            SendingMails(patience.office if patience else None, keys),
            scope,
        )
        self._failover = failover
        self._notice_sender = NoticeSender(
            database, keys, failover, self._context.pacers, by_mail=policy.leave_by_mail
        )
        relay_watch = RelayWatch(self._context, keys, patience or Patience())
        chores = EngineChores(self._context, self._notice_sender, policy, relay_watch).kinds()
        if scope.everything:
            chores = [it for it in (*chores, *kinds) if scope.batches or not it.by_relay]
        by_rows = database.is_sqlite or not scope.everything
        self._chores = EngineChoreWork(
            database,
            Kinds.of(chores),
            by_rows=by_rows,
            asked=scope.everything and listening is Listening.ASKED,
            journal=journal,
        )
        self._dead_journals = DeadJournals(self._context)
        self.batches = BatchWork(self._context, shared=not by_rows, on_released=self._on_released)
        self._source = self._source_by_rows() if by_rows else _source_by_queue(self._context)
        self._sweep = Sweep(
            self._context,
            self._source,
            self._chores,
            relay_watch,
        )
        self._without_database = without_database
        self._died: Exception | None = None
        """The error of the first part that died."""
        self._running: asyncio.Task[None] | None = None
        self._attached: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._tasks: asyncio.TaskGroup
        """The tasks that the engine waits for before it ends."""
        self._stopped = asyncio.Event()
        self._wake = asyncio.Event()
        self.over = asyncio.Event()
        """Set when `run` has ended, for whatever reason."""
        failover.on_trouble = self._on_trouble
        failover.on_files_full = self._context.tell_of_full_files
        failover.needed = self._is_needed
        self._context.pacers.attend(rates=slots.rate, on_slowed=self._on_slowed, on_share=self.wake)

    def _source_by_rows(self) -> BatchSource:
        return RowsSource(
            self._context, in_own_slot=self._work_in_own_slot, in_work=self.batches.campaigns
        )

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self.run())
        return self

    async def __aexit__(self, *_exception: object) -> None:
        self.stop()
        if self._running is not None:
            await self._running

    def attach(self, part: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Add a part before the engine starts; the part must end when the engine is `over`."""
        self._attached.append(part)

    async def run(self) -> None:
        """Look for work and do it until `stop`; then wait for the copies on the wire."""
        scope = self._context.scope
        try:
            async with asyncio.TaskGroup() as services:
                if scope.batches:
                    services.create_task(self._part(self._context.pacers.run()))
                services.create_task(self._part(self._end_silent_sessions()))
                for begin in self._attached:
                    services.create_task(self._part(begin()))
                try:
                    async with asyncio.TaskGroup() as self._tasks:
                        self._tasks.create_task(self._part(self._look_for_work()))
                        if scope.batches:
                            self._tasks.create_task(self._part(self._source.run(self.batches.work)))
                        self._tasks.create_task(self._part(self._close_connections()))
                        self._tasks.create_task(self._part(self._chores.run()))
                    await self._notice_sender.ended()
                finally:
                    self.over.set()
                    self._context.pacers.end()
        finally:
            self.over.set()
        if self._died is not None:
            raise self._died

    def figures(self) -> Figures:
        """How many batches are in work, what was settled, how fast, and the relays' states."""
        rate = self._context.slots.total()
        return Figures(
            len(self.batches.runs), self._context.settled, rate, self._failover.unusable()
        )

    def stop(self) -> None:
        """Claim nothing more, and recall the copies that are not on the wire."""
        self._context.stopping = True
        self._stopped.set()
        self._wake.set()
        self._source.stop()
        self._chores.stop()
        for run in self.batches.runs.values():
            run.end(Ending.STOPPED)
        self._failover.recall(lambda _: True)

    @property
    def listening(self) -> Listening:
        """Whether this process does chores now."""
        return self._chores.listening

    def stand_in(self, needed: bool) -> None:
        """Do chores as long as nobody does who was asked to (PostgreSQL)."""
        self._chores.stand_in(needed)

    def wake(self) -> None:
        """Look for work now, instead of at the next interval."""
        self._wake.set()
        self._source.wake()

    async def sweep(self) -> bool:
        """Sweep once, and wait for the chores that begin; whether there was anything to do."""
        found = await self._look()
        await self._chores.settled()
        return found

    # The parts

    async def _part(self, part: Coroutine[Any, Any, None]) -> None:
        """Run one part; when the part ends, also by an error, stop the engine."""
        await self._task(part)
        self.stop()

    async def _task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` to its end; an unexpected error stops the engine."""
        try:
            await work
        except Exception as error:
            if not isinstance(error, PliError):
                log.exception("engine.part_died")
            self._died = self._died or error
            self.stop()

    async def _look_for_work(self) -> None:
        seen = boot_time()
        next_at, woken = float("-inf"), True
        while not self._context.stopping:
            try:
                if woken or boot_time() >= next_at:
                    await self._look()
                    next_at = boot_time() + self._source.sweep_seconds
                else:
                    await self._sweep.watch_relays()
            except DatabaseAway as error:
                log.warning("engine.sweep_failed", extra={"reason": str(error)})
                if self._without_database and boot_time() > seen + self._without_database:
                    raise
            else:
                seen = boot_time()
            self._wake.clear()
            if not self._context.stopping:
                woken = await until(
                    self._wake, min(constants.WATCH_SECONDS, self._source.sweep_seconds)
                )

    async def _look(self) -> bool:
        await self._dead_journals.step()
        await self._chores.start()
        return await self._sweep.step()

    async def _end_silent_sessions(self) -> None:
        """End silent database sessions whose locks others wait for.

        A part of its own: every other part may be the one that waits for such a lock.
        """
        while not await until(self.over, constants.REPLAY_SECONDS):
            try:
                if silent := await self._context.database.end_silent():
                    log.warning("database.silent_ended", extra={"n": silent})
            except DatabaseAway as error:
                log.warning("engine.minding_failed", extra={"reason": str(error)})

    async def _close_connections(self) -> None:
        """After the stop, wait for replies to what is on the wire; then cut the connections."""
        await self._stopped.wait()
        await self._failover.close(constants.PATIENCE_SECONDS)

    # One batch

    def _work_in_own_slot(self, batch: Due, slot: ProviderSlot) -> None:
        """Start work on a batch in its provider's own slot, if no batch is in work there."""
        if slot.batch is not None or self._context.stopping:
            return
        slot.batch = batch.id

        async def work() -> None:
            try:
                await self.batches.work(batch.id, slot)
            # One batch's fault ends no worker: it is told, and the sweep offers the batch again.
            except Exception:
                log.exception("work.failed", extra={"batch": batch.id})
            finally:
                slot.batch = None
                self.wake()

        self._tasks.create_task(work())

    # Callbacks of batches, relays and their pacers

    def _on_released(self, blameless: bool) -> None:
        """Look anew: another relay may take the batch now, or its campaign is done."""
        idle = not self.batches.runs
        if blameless or idle:
            self.wake()
        if idle:
            self._chores.wake()

    def _on_slowed(self, relay: str, provider: str) -> None:
        """Recall the copies that wait at a relay for a provider that has been slowed down.

        WHOLE: the relay rests, and all copies that wait there are recalled.
        """
        for courier in self._failover.couriers.values():
            if courier.relay == relay:
                courier.recall(
                    lambda copy: isinstance(copy, WindowCopy) and provider in (copy.provider, WHOLE)
                )

    def _is_needed(self, courier: Courier) -> bool:
        """Whether a run that uses this courier has no other relay to go to."""
        return any(
            run.courier is courier and not self._failover.another(courier, run.passage.relays)
            for run in self.batches.runs.values()
        )

    def _on_trouble(self, courier: Courier, reason: Sentence) -> None:
        """End the runs of a relay that cannot be used; no copy is at fault.

        Their copies go to the next relay of their list. Without one they wait: `RelayWatch` judges
        for how long.
        """
        self._notice_sender.trouble(courier, reason)
        for run in self.batches.runs.values():
            if run.courier is courier:
                run.end(Ending.RELAY)
        self.wake()


def _source_by_queue(context: EngineContext) -> BatchSource:
    # Imported here: it loads the driver of PostgreSQL, and SQLite needs none.
    from mailer.engine.queue_source import QueueSource

    return QueueSource(context)
