"""The engine: finds batches that are due, takes them, and keeps the wire busy.

`sweeping` says what is to be done, `runs` does it for one batch, `watching` looks after that;
here both are run, and batches taken and given back. The loops do one piece and say whether there
was one, so that tests can step them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mailer.engine import constants, gate
from mailer.engine.batch_run import BatchRun
from mailer.engine.context import AWAY, EngineContext
from mailer.engine.heartbeat import watch
from mailer.engine.journal import Journal
from mailer.engine.pressed_campaigns import PressedCampaigns
from mailer.engine.provider_slots import ProviderSlot, ProviderSlots
from mailer.engine.sweep import Launching, Sweep
from mailer.engine.window import WindowCopy
from mailer.engine.window_size import WINDOWS
from mailer.engine.workers import Figures
from mailer.ledger import leasing
from mailer.ledger.holding import Holding
from mailer.ledger.leasing import Due
from mailer.ledger.rows import LeasedBatch, LeaseLost
from mailer.notices.sending import NoticeSender
from mailer.pacing.pacer import Pacer
from mailer.pacing.pacers import Pacers
from mailer.smtp.courier import Courier
from mailer.smtp.failover import RelayFailover
from mailer.smtp.observer import UNOBSERVED, Observer
from pli.clocks import boot_time
from pli.database import Database, is_our_fault, unreachable
from pli.keys import Keys
from pli.language import N_, Sentence, say
from pli.work import Work, until

log = logging.getLogger("pli.delivery")


class Engine:
    """Works all running campaigns of one database through one courier, or a failover of them."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        courier: Courier | RelayFailover,
        *,
        journal: Journal,
        connections: int,
        policy_pause_percent: float = 30.0,
        launching: Launching | None = None,
        observer: Observer = UNOBSERVED,
        without_database: float | None = None,
        pacers: Mapping[str, Pacer] | None = None,
    ) -> None:
        failover = RelayFailover.of(courier)
        slots = ProviderSlots(connections)
        self._context = EngineContext(
            database,
            failover,
            Pacers(database, failover, pacers),
            slots,
            PressedCampaigns(database, keys),
            journal,
            observer,
            policy_pause_percent / 100,
        )
        self._failover = failover
        self._notice_sender = NoticeSender(database, keys, failover, self._context.pacers)
        self._work = Work(concurrency=WINDOWS)
        self._sweep = Sweep(
            self._context,
            self._work,
            self._notice_sender,
            launching or Launching(),
            beside=self._work_beside,
        )
        self._without_database = without_database
        self.over = asyncio.Event()
        """Set when `run` has ended, by whatever reason."""
        self._beside: set[asyncio.Task[None]] = set()
        """Batches in work in slots of their own."""
        self._wake = asyncio.Event()
        self._troubles: set[asyncio.Task[None]] = set()
        failover.on_trouble = self._on_trouble
        failover.needed = self._is_needed
        self._context.pacers.attend(rates=slots.rate, on_slowed=self._on_slowed, on_share=self.wake)

    async def run(self) -> None:
        """Look for work and do it until `stop`; then what is on the wire is waited for."""
        pacing = asyncio.create_task(self._context.pacers.run())
        working = asyncio.create_task(self._work.run(self.work))
        minding = asyncio.create_task(self._mind_the_silent())
        try:
            seen = boot_time()
            while not (self._context.stopping or working.done()):
                failure = await self._safely_sweep()
                if failure is None:
                    seen = boot_time()
                elif self._without_database and boot_time() > seen + self._without_database:
                    raise unreachable(failure)
                self._wake.clear()
                await until(self._wake, constants.SWEEP_SECONDS)
        finally:
            self.stop()
            self._work.stop()
            # What is on the wire may be answered; the connections are then broken off.
            closing = asyncio.create_task(self._failover.close(constants.PATIENCE_SECONDS))
            try:
                await working
                if self._beside:
                    await asyncio.wait(self._beside)
                await closing
                await self._notice_sender.ended()
                if self._troubles:
                    await asyncio.wait(self._troubles)
            finally:
                self.over.set()
                self._context.pacers.end()
                await pacing
                await minding

    def figures(self) -> Figures:
        """How much is in hand, how much was settled, how fast."""
        rate = self._context.slots.total()
        return Figures(
            len(self._context.live), self._context.settled, rate, self._failover.resting()
        )

    def stop(self) -> None:
        """Claim nothing more, and give back what is not on the wire."""
        self._context.stopping = True
        self._wake.set()
        for run in self._context.live.values():
            run.over = True
        self._failover.recall(lambda _: True)

    def wake(self) -> None:
        """There is work: look now."""
        self._wake.set()

    async def sweep(self) -> bool:
        """Launch what is scheduled, queue what is due, finish what is done; if there was any."""
        return await self._sweep.step()

    def _work_beside(self, batch: Due, slot: ProviderSlot) -> None:
        """Work a batch in its provider's own slot, if nobody is in it."""
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

        task = asyncio.create_task(work())
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def work(self, batch_id: int, slot: ProviderSlot | None = None) -> None:
        """Take one batch and work it until nothing of it is due, or it is ours no more.

        In the open slot, if in no other.
        """
        if self._context.stopping:
            return
        try:
            await self._work_batch(batch_id, slot)
        except AWAY as error:
            if is_our_fault(error):
                raise
            # The sweep tells when that lasts, and finds the batch again.
            log.warning("delivery.batch_left", extra={"batch": batch_id, "reason": str(error)})

    async def _work_batch(self, batch_id: int, slot: ProviderSlot | None) -> None:
        async with self._context.database.reading() as session:
            passage = await gate.passage(session, batch_id)
        courier = self._failover.choose(passage.relays)
        if courier and not slot and self._context.pacers.of(courier).narrow(passage.provider):
            return  # that has changed since it was queued: the next sweep finds it a slot
        lease = secrets.randbits(63)
        try:
            notes = self._context.journal.begin(batch_id, lease, courier.relay if courier else "")
        except OSError as error:
            await self._context.pause_of(batch_id, _not_noted(error))
            return
        asked = boot_time()
        taken = None
        run: BatchRun | None = None
        blameless = False
        all_settled = False
        try:
            taken = await self._take(batch_id, lease)
            if taken is not None:
                holding = Holding()
                holding.renewed(asked, leasing.LEASE.total_seconds())
                all_settled = True
                if taken.runs and courier is None:
                    await self._context.pause(
                        taken.campaign_id, gate.no_relay(passage.list_name, passage.relays)
                    )
                elif taken.runs and not passage.open:
                    blameless = True
                elif taken.runs and courier is not None:
                    pressed = await self._context.pressed.of(
                        taken.campaign_id, live=self._context.campaigns
                    )
                    run = BatchRun(
                        self._context,
                        taken,
                        pressed,
                        holding,
                        notes,
                        courier,
                        self._context.pacers.of(courier),
                        slot or self._context.slots.open,
                        passage,
                    )
                    # It may have begun to rest since it was chosen.
                    run.over = run.blameless = self._failover.rests(courier)
                    all_settled = False
                    await self._carry_out(run)
                    all_settled = not (run.unsettled or run.unclear)
                    blameless = run.blameless
            else:
                all_settled = True
        except LeaseLost:
            log.warning("delivery.lease_lost", extra={"batch": batch_id})
        finally:
            # After anything unforeseen the file stays: perhaps a commit came through after all.
            try:
                if taken is not None:
                    await self._context.database.perform(
                        leasing.release, taken, blameless=blameless, wait=_wait(run)
                    )
            finally:
                notes.close(all_settled=all_settled)
            if blameless or not self._context.live:
                self.wake()  # another relay may have it at once, or all is done

    async def _take(self, batch_id: int, lease: int) -> LeasedBatch | None:
        taken = await self._context.database.perform(
            leasing.take, batch_id=batch_id, lease=lease, find_record=self._context.journal.record
        )
        if taken is not None and taken.takings > constants.FRUITLESS_TAKINGS:
            await self._context.database.perform(leasing.release, taken)
            await self._give_up(taken)
            return None
        return taken

    async def _carry_out(self, run: BatchRun) -> None:
        self._context.live[run.taken.id] = run
        watching = asyncio.create_task(watch(run))
        try:
            await run.carry()
        finally:
            while run.settling:
                await asyncio.wait(run.settling)
            # Told, not cancelled: a cancelled statement would leave its connection half used.
            run.ended.set()
            try:
                await watching
            finally:
                del self._context.live[run.taken.id]
        if run.fault is not None:
            await self._context.pause(run.taken.campaign_id, _not_noted(run.fault))
        if run.failed is not None:
            raise run.failed

    async def _give_up(self, taken: LeasedBatch) -> None:
        """In a transaction of its own: two that hold the campaign would wait for each other."""
        reason = say(
            N_("batch {batch} was taken {n} times without any outcome"),
            batch=taken.number,
            n=constants.FRUITLESS_TAKINGS,
        )
        await self._context.pause(taken.campaign_id, reason)

    async def _mind_the_silent(self) -> None:
        """See that nobody waits for the locks of the dead: beside all else, which may wait, too."""
        while not await until(self.over, constants.REPLAY_SECONDS):
            try:
                if silent := await self._context.database.end_silent():
                    log.warning("database.silent_ended", extra={"n": silent})
            except AWAY as error:
                log.warning("engine.minding_failed", extra={"reason": str(error)})

    def _on_slowed(self, relay: str, provider: str) -> None:
        """Call back what waits at a relay for a provider that has enough for now."""
        for courier in self._failover.couriers.values():
            if courier.relay == relay:
                courier.recall(
                    lambda copy: isinstance(copy, WindowCopy) and copy.provider == provider
                )

    def _is_needed(self, courier: Courier) -> bool:
        """Whether a taking it has in hand has no other relay to go to."""
        return any(
            run.courier is courier and not self._failover.another(courier, run.passage.relays)
            for run in self._context.live.values()
        )

    def _on_trouble(self, courier: Courier, reason: Sentence) -> None:
        """A relay cannot be used: nobody's copy is at fault.

        What it had goes to the next relay of its list; where there is none, the campaign waits.
        """
        self._notice_sender.trouble(courier, reason)
        affected: dict[int, Sentence] = {}
        for run in self._context.live.values():
            if run.courier is courier:
                run.over = run.blameless = True
                if reasons := self._failover.nothing_left(run.passage.relays):
                    affected[run.taken.campaign_id] = reasons
        for campaign_id, reasons in affected.items():
            task = asyncio.get_running_loop().create_task(self._context.pause(campaign_id, reasons))
            self._troubles.add(task)
            task.add_done_callback(self._troubles.discard)

    async def _safely_sweep(self) -> DBAPIError | OSError | PoolTimeout | None:
        try:
            await self.sweep()
        except AWAY as error:
            log.warning("engine.sweep_failed", extra={"reason": str(error)})
            return error
        return None


def _wait(run: BatchRun | None) -> float:
    """In how many seconds a batch that is held back is looked at again: limits may be changed."""
    if run is None or run.held is None:
        return 0.0
    return min(run.held.until - run.held.now, constants.LOOK_AGAIN_SECONDS)


def _not_noted(error: OSError) -> Sentence:
    return say(
        N_("this machine cannot write its journal: {reason}: make room on its disk, then resume"),
        reason=error.strerror or str(error),
    )
