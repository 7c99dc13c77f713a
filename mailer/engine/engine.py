"""The engine: finds batches that are due, takes them, and sends their copies.

`sweep` finds what is to be done, `batch_run` sends one batch, `heartbeat` watches over that run.
This module starts all of them, takes batches, and gives them back. `sweep` and `work` do one piece
and return, so that tests can step them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from mailer.campaign.policy import SendingPolicy
from mailer.engine import constants, gate
from mailer.engine.batch_run import BatchRun
from mailer.engine.batch_source import BatchSource
from mailer.engine.chore_work import EngineChoreWork
from mailer.engine.chores import EngineChores
from mailer.engine.context import EngineContext
from mailer.engine.dead_journals import DeadJournals
from mailer.engine.ending import Ending
from mailer.engine.gate import Passage
from mailer.engine.heartbeat import watch
from mailer.engine.journal import Journal, Notes
from mailer.engine.pressed_campaigns import PressedCampaign, PressedCampaigns
from mailer.engine.provider_slots import ProviderSlot, ProviderSlots
from mailer.engine.relay_watch import Patience, RelayWatch
from mailer.engine.rows_source import RowsSource
from mailer.engine.sweep import Sweep
from mailer.engine.window import WindowCopy
from mailer.engine.workers import Figures
from mailer.ledger import leasing
from mailer.ledger.due import Due
from mailer.ledger.holding import Holding
from mailer.ledger.leasing import Left
from mailer.ledger.rows import LeasedBatch, LeaseLost
from mailer.letter.letter import LetterError
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
from pli import descriptors
from pli.chores import Kind, Kinds
from pli.clocks import boot_time
from pli.database import Database, DatabaseAway
from pli.errors import PliError
from pli.keys import Keys
from pli.language import N_, Sentence, say
from pli.work import Again, until

log = logging.getLogger("pli.delivery")


@dataclass(slots=True)
class _Taking:
    """One batch between `take` and `release`; `run` is None if nothing was to be sent."""

    batch: LeasedBatch
    passage: Passage
    courier: Courier | None
    notes: Notes
    holding: Holding
    slot: ProviderSlot
    run: BatchRun | None = None
    carried_out: bool = False
    without_database: bool = False
    """Whether it ended because the database did not answer."""
    left: Left | None = None
    """What was left of the batch when it was given back."""

    @property
    def blameless(self) -> bool:
        """Whether the cause of the run's end lies outside the batch: then it is not fruitless."""
        if self.without_database:
            return True
        if self.run is None:
            held = self.courier is None or not self.passage.open
            return self.carried_out and self.batch.runs and held
        return self.carried_out and self.run.ending is not None and self.run.ending.blameless

    @property
    def is_due_by_its_rows(self) -> bool:
        """Whether nothing but its rows, or the wait of a limit, says when the batch is due."""
        ending = self.run.ending if self.run else None
        return (
            ending in (Ending.DRAINED, Ending.TURN, Ending.LIMIT, Ending.STOPPED)
            and self.left is not None
            and not self.left.sending
        )

    @property
    def all_settled(self) -> bool:
        """Whether the database knows all that the journal does.

        After an unexpected error the file stays: a commit may have come through after all.
        """
        return self.run is None or (self.carried_out and not self.run.unclear)

    @property
    def wait(self) -> float:
        """Seconds before the batch is looked at again, if a limit held it.

        At most `LOOK_AGAIN_SECONDS`, for a person may change the limits meanwhile.
        """
        held = self.run.held if self.run else None
        return min(held.until - held.now, constants.LOOK_AGAIN_SECONDS) if held else 0.0


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
        self._source = self._source_by_rows() if by_rows else _source_by_queue(self._context)
        self._runs: dict[int, BatchRun] = {}
        """The runs in progress, by batch id."""
        self._sweep = Sweep(
            self._context,
            self._source,
            self._chores,
            relay_watch,
        )
        self._without_database = without_database
        self._full_told = float("-inf")
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
        failover.on_files_full = self._tell_of_full_files
        failover.needed = self._is_needed
        self._context.pacers.attend(rates=slots.rate, on_slowed=self._on_slowed, on_share=self.wake)

    def _source_by_rows(self) -> BatchSource:
        return RowsSource(self._context, in_own_slot=self._work_in_own_slot, in_work=self._in_work)

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
                            self._tasks.create_task(self._part(self._source.run(self.work)))
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
        return Figures(len(self._runs), self._context.settled, rate, self._failover.unusable())

    def stop(self) -> None:
        """Claim nothing more, and recall the copies that are not on the wire."""
        self._context.stopping = True
        self._stopped.set()
        self._wake.set()
        self._source.stop()
        self._chores.stop()
        for run in self._runs.values():
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
                await self.work(batch.id, slot)
            except Exception:
                log.exception("work.failed", extra={"batch": batch.id})
            finally:
                slot.batch = None
                self.wake()

        self._tasks.create_task(work())

    async def work(self, batch_id: int, slot: ProviderSlot | None = None) -> Again | None:
        """Take one batch and work on it until nothing of it is due, or the lease is lost.

        Without a `slot`, the batch goes into the open slot. Returns when somebody should look at
        the batch again.
        """
        if self._context.stopping:
            return Again(0.0)
        try:
            taking = await self._take(batch_id, slot)
            if taking is None:
                return await self._comes_again(batch_id)
            try:
                await self._run(taking)
            except LeaseLost:
                log.warning("delivery.lease_lost", extra={"batch": batch_id})
            except DatabaseAway:
                taking.without_database = True
                raise
            finally:
                await self._release(taking)
        except DatabaseAway as error:
            # The sweep finds the batch again; `_look_for_work` raises if the database stays away.
            log.warning("delivery.batch_left", extra={"batch": batch_id, "reason": str(error)})
            return Again(constants.WATCH_SECONDS)
        left = taking.left
        if left is not None and not (left.pending or left.sending):
            return None
        if left is not None and taking.is_due_by_its_rows:
            return Again(left.due_in)
        return await self._comes_again(batch_id)

    async def _comes_again(self, batch_id: int) -> Again | None:
        """When somebody should look at a batch of which nothing was sent, or all that could be."""
        if not self._source.shared:
            return None
        async with self._context.database.reading() as session:
            seconds = await gate.comes_again(session, batch_id)
        return None if seconds is None else Again(seconds)

    async def _take(self, batch_id: int, slot: ProviderSlot | None) -> _Taking | None:
        """Open a journal file, then lease a batch; None if there is nothing to do."""
        async with self._context.database.reading() as session:
            passage = await gate.passage(session, batch_id)
        if self._source.shared and passage.idle:
            return None  # its job came all the same; it is to come again at the hour
        courier = self._failover.choose(passage.relays)
        if courier and not slot and self._context.pacers.of(courier).narrow(passage.provider):
            return None  # limited since it was queued: the next sweep gives it its own slot
        lease = secrets.randbits(63)
        try:
            notes = self._context.journal.begin(batch_id, lease, courier.relay if courier else "")
        except OSError as error:
            if error.errno in descriptors.FULL:
                self._tell_of_full_files(error.strerror)  # the sweep finds the batch again
            else:
                await self._context.pause_of(batch_id, _not_noted(error))
            return None
        batch = None
        holding = Holding()
        holding.renewed(boot_time(), leasing.LEASE.total_seconds())
        try:
            batch = await self._context.database.perform(
                leasing.take,
                batch_id=batch_id,
                lease=lease,
                find_record=self._context.journal.record,
                scope=self._context.scope,
            )
        except BaseException:
            notes.close(all_settled=False)
            raise
        if batch is None:
            notes.close(all_settled=True)
            return None
        return _Taking(batch, passage, courier, notes, holding, slot or self._context.slots.open)

    async def _run(self, taking: _Taking) -> None:
        """Send what is due of a batch, or pause its campaign if a person must act first."""
        batch, passage = taking.batch, taking.passage
        if batch.takings > constants.FRUITLESS_TAKINGS:
            await self._context.pause(batch.campaign_id, _fruitless(batch))
        elif batch.runs and not self._failover.knows(passage.relays):
            await self._context.pause(
                batch.campaign_id, gate.no_relay(passage.list_name, passage.relays)
            )
        elif batch.runs and taking.courier is not None and passage.open:
            try:
                pressed = await self._context.pressed.of(batch.campaign_id, live=self._in_work)
            except LetterError as fault:
                # Frozen by an older version, which sent what this one judges too deep.
                await self._context.pause(batch.campaign_id, fault.sentences[0])
            else:
                taking.run = self._begin_run(taking, taking.courier, pressed)
                await self._carry_out(taking.run)
        taking.carried_out = True

    def _begin_run(self, taking: _Taking, courier: Courier, pressed: PressedCampaign) -> BatchRun:
        run = BatchRun(
            self._context,
            taking.batch,
            pressed,
            taking.holding,
            taking.notes,
            courier,
            self._context.pacers.of(courier),
            taking.slot,
            taking.passage,
        )
        if not self._failover.usable(courier):
            run.end(Ending.RELAY)  # its circuit has opened since `choose`
        if self._context.stopping:
            run.end(Ending.STOPPED)
        return run

    async def _carry_out(self, run: BatchRun) -> None:
        self._runs[run.batch.id] = run
        watching = asyncio.create_task(watch(run))
        try:
            await run.carry()
        finally:
            while run.settling:
                await asyncio.wait(run.settling)
            # `watch` is told to end, not cancelled: a statement that is cancelled would leave its
            # connection half used.
            run.done.set()
            try:
                await watching
            finally:
                del self._runs[run.batch.id]
        if run.ending is Ending.JOURNAL and isinstance(run.cause, OSError):
            await self._context.pause(run.batch.campaign_id, _not_noted(run.cause))
        if run.ending is Ending.FAULT and run.cause is not None:
            raise run.cause

    async def _release(self, taking: _Taking) -> None:
        """Give a batch back, and close its journal file."""
        try:
            for tried in range(1, constants.STOPPING_TRIES + 1):
                try:
                    taking.left = await self._context.database.perform(
                        leasing.release, taking.batch, blameless=taking.blameless, wait=taking.wait
                    )
                except DatabaseAway:
                    # Else the batch rests until its lease lapses, and the taking counts.
                    if tried == constants.STOPPING_TRIES:
                        raise
                else:
                    break
        finally:
            taking.notes.close(all_settled=taking.all_settled)
            if taking.blameless or not self._runs:
                self.wake()  # another relay may take the batch now, or the campaign is done
            if not self._runs:
                self._chores.wake()

    def _tell_of_full_files(self, reason: object) -> None:
        """This process, or the machine, has no file left to open: nobody's disk is full."""
        if boot_time() > self._full_told + constants.TELL_AGAIN_SECONDS:
            log.warning("engine.files_full", extra={"reason": str(reason)})
            self._full_told = boot_time()

    def _in_work(self) -> set[int]:
        """The ids of the campaigns with a run in progress."""
        return {run.batch.campaign_id for run in self._runs.values()}

    # Callbacks of the relays and their pacers

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
            for run in self._runs.values()
        )

    def _on_trouble(self, courier: Courier, reason: Sentence) -> None:
        """End the runs of a relay that cannot be used; no copy is at fault.

        Their copies go to the next relay of their list. Without one they wait: `RelayWatch` judges
        for how long.
        """
        self._notice_sender.trouble(courier, reason)
        for run in self._runs.values():
            if run.courier is courier:
                run.end(Ending.RELAY)
        self.wake()


def _source_by_queue(context: EngineContext) -> BatchSource:
    # Imported here: it loads the driver of PostgreSQL, and SQLite needs none.
    from mailer.engine.queue_source import QueueSource

    return QueueSource(context)


def _fruitless(batch: LeasedBatch) -> Sentence:
    return say(
        N_("batch {batch} was taken {n} times without any outcome"),
        batch=batch.number,
        n=constants.FRUITLESS_TAKINGS,
    )


def _not_noted(error: OSError) -> Sentence:
    return say(
        N_("this machine cannot write its journal: {reason}: make room on its disk, then resume"),
        reason=error.strerror or str(error),
    )
