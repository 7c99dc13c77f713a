"""The engine: finds batches that are due, takes them, and keeps the wire busy.

`sweeping` says what is to be done, `shifts` does it for one batch, `watching` looks after that;
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
from mailer.engine.batch_run import Shift
from mailer.engine.context import AWAY, Workshop
from mailer.engine.heartbeat import watch
from mailer.engine.journal import Journal
from mailer.engine.pressed_campaigns import Rounds
from mailer.engine.provider_slots import Room, Rooms
from mailer.engine.sweep import Launching, Sweep
from mailer.engine.window import WindowCopy
from mailer.engine.window_size import WINDOWS
from mailer.engine.workers import Figures
from mailer.ledger import leasing
from mailer.ledger.holding import Holding
from mailer.ledger.leasing import Due
from mailer.ledger.rows import LeaseLost, Taken
from mailer.notices.sending import Errands
from mailer.pacing.pacer import Pacer
from mailer.pacing.pacers import Pacers
from mailer.smtp.courier import Courier
from mailer.smtp.failover import Fleet
from mailer.smtp.observer import UNOBSERVED, Observer
from pli.clocks import boot_time
from pli.database import Database, is_our_fault, unreachable
from pli.keys import Keys
from pli.language import N_, Sentence, say
from pli.work import Work, until

log = logging.getLogger("pli.delivery")


class Engine:
    """Works all running campaigns of one database through one courier, or a fleet of them."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        courier: Courier | Fleet,
        *,
        journal: Journal,
        connections: int,
        policy_pause_percent: float = 30.0,
        launching: Launching | None = None,
        observer: Observer = UNOBSERVED,
        without_database: float | None = None,
        pacers: Mapping[str, Pacer] | None = None,
    ) -> None:
        fleet = Fleet.of(courier)
        rooms = Rooms(connections)
        self._shop = Workshop(
            database,
            fleet,
            Pacers(database, fleet, pacers),
            rooms,
            Rounds(database, keys),
            journal,
            observer,
            policy_pause_percent / 100,
        )
        self._fleet = fleet
        self._errands = Errands(database, keys, fleet, self._shop.pacers)
        self._work = Work(concurrency=WINDOWS)
        self._sweep = Sweep(
            self._shop,
            self._work,
            self._errands,
            launching or Launching(),
            beside=self._work_beside,
        )
        self._without_database = without_database
        self.over = asyncio.Event()
        """Set when `run` has ended, by whatever reason."""
        self._beside: set[asyncio.Task[None]] = set()
        """Batches in work in rooms of their own."""
        self._wake = asyncio.Event()
        self._troubles: set[asyncio.Task[None]] = set()
        fleet.on_trouble = self._on_trouble
        fleet.needed = self._is_needed
        self._shop.pacers.attend(rates=rooms.rate, on_slowed=self._on_slowed, on_seated=self.wake)

    async def run(self) -> None:
        """Look for work and do it until `stop`; then what is on the wire is waited for."""
        pacing = asyncio.create_task(self._shop.pacers.run())
        working = asyncio.create_task(self._work.run(self.work))
        minding = asyncio.create_task(self._mind_the_silent())
        try:
            seen = boot_time()
            while not (self._shop.stopping or working.done()):
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
            closing = asyncio.create_task(self._fleet.close(constants.PATIENCE_SECONDS))
            try:
                await working
                if self._beside:
                    await asyncio.wait(self._beside)
                await closing
                await self._errands.ended()
                if self._troubles:
                    await asyncio.wait(self._troubles)
            finally:
                self.over.set()
                self._shop.pacers.end()
                await pacing
                await minding

    def figures(self) -> Figures:
        """How much is in hand, how much was settled, how fast."""
        rate = self._shop.rooms.total()
        return Figures(len(self._shop.live), self._shop.settled, rate, self._fleet.resting())

    def stop(self) -> None:
        """Claim nothing more, and give back what is not on the wire."""
        self._shop.stopping = True
        self._wake.set()
        for shift in self._shop.live.values():
            shift.over = True
        self._fleet.recall(lambda _: True)

    def wake(self) -> None:
        """There is work: look now."""
        self._wake.set()

    async def sweep(self) -> bool:
        """Launch what is scheduled, queue what is due, finish what is done; if there was any."""
        return await self._sweep.step()

    def _work_beside(self, batch: Due, room: Room) -> None:
        """Work a batch in its provider's own room, if nobody is in it."""
        if room.batch is not None or self._shop.stopping:
            return
        room.batch = batch.id

        async def work() -> None:
            try:
                await self.work(batch.id, room)
            except Exception:
                log.exception("work.failed", extra={"batch": batch.id})
            finally:
                room.batch = None
                self.wake()

        task = asyncio.create_task(work())
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def work(self, batch_id: int, room: Room | None = None) -> None:
        """Take one batch and work it until nothing of it is due, or it is ours no more.

        In the open room, if in no other.
        """
        if self._shop.stopping:
            return
        try:
            await self._work_batch(batch_id, room)
        except AWAY as error:
            if is_our_fault(error):
                raise
            # The sweep tells when that lasts, and finds the batch again.
            log.warning("delivery.batch_left", extra={"batch": batch_id, "reason": str(error)})

    async def _work_batch(self, batch_id: int, room: Room | None) -> None:
        async with self._shop.database.reading() as session:
            passage = await gate.passage(session, batch_id)
        courier = self._fleet.choose(passage.relays)
        if courier and not room and self._shop.pacers.of(courier).narrow(passage.provider):
            return  # that has changed since it was queued: the next sweep finds it a room
        lease = secrets.randbits(63)
        try:
            notes = self._shop.journal.begin(batch_id, lease, courier.relay if courier else "")
        except OSError as error:
            await self._shop.pause_of(batch_id, _not_noted(error))
            return
        asked = boot_time()
        taken = None
        shift: Shift | None = None
        blameless = False
        all_settled = False
        try:
            taken = await self._take(batch_id, lease)
            if taken is not None:
                holding = Holding()
                holding.renewed(asked, leasing.LEASE.total_seconds())
                all_settled = True
                if taken.runs and courier is None:
                    await self._shop.pause(
                        taken.campaign_id, gate.no_relay(passage.list_name, passage.relays)
                    )
                elif taken.runs and not passage.open:
                    blameless = True
                elif taken.runs and courier is not None:
                    round_ = await self._shop.rounds.of(
                        taken.campaign_id, live=self._shop.campaigns
                    )
                    shift = Shift(
                        self._shop,
                        taken,
                        round_,
                        holding,
                        notes,
                        courier,
                        self._shop.pacers.of(courier),
                        room or self._shop.rooms.open,
                        passage,
                    )
                    # It may have begun to rest since it was chosen.
                    shift.over = shift.blameless = self._fleet.rests(courier)
                    all_settled = False
                    await self._work_shift(shift)
                    all_settled = not (shift.unsettled or shift.unclear)
                    blameless = shift.blameless
            else:
                all_settled = True
        except LeaseLost:
            log.warning("delivery.lease_lost", extra={"batch": batch_id})
        finally:
            # After anything unforeseen the file stays: perhaps a commit came through after all.
            try:
                if taken is not None:
                    await self._shop.database.perform(
                        leasing.release, taken, blameless=blameless, wait=_wait(shift)
                    )
            finally:
                notes.close(all_settled=all_settled)
            if blameless or not self._shop.live:
                self.wake()  # another relay may have it at once, or all is done

    async def _take(self, batch_id: int, lease: int) -> Taken | None:
        taken = await self._shop.database.perform(
            leasing.take, batch_id=batch_id, lease=lease, witness=self._shop.journal.testimony
        )
        if taken is not None and taken.takings > constants.FRUITLESS_TAKINGS:
            await self._shop.database.perform(leasing.release, taken)
            await self._give_up(taken)
            return None
        return taken

    async def _work_shift(self, shift: Shift) -> None:
        self._shop.live[shift.taken.id] = shift
        watching = asyncio.create_task(watch(shift))
        try:
            await shift.carry()
        finally:
            while shift.settling:
                await asyncio.wait(shift.settling)
            # Told, not cancelled: a cancelled statement would leave its connection half used.
            shift.ended.set()
            try:
                await watching
            finally:
                del self._shop.live[shift.taken.id]
        if shift.fault is not None:
            await self._shop.pause(shift.taken.campaign_id, _not_noted(shift.fault))
        if shift.failed is not None:
            raise shift.failed

    async def _give_up(self, taken: Taken) -> None:
        """In a transaction of its own: two that hold the campaign would wait for each other."""
        reason = say(
            N_("batch {batch} was taken {n} times without any outcome"),
            batch=taken.number,
            n=constants.FRUITLESS_TAKINGS,
        )
        await self._shop.pause(taken.campaign_id, reason)

    async def _mind_the_silent(self) -> None:
        """See that nobody waits for the locks of the dead: beside all else, which may wait, too."""
        while not await until(self.over, constants.HEAR_SECONDS):
            try:
                if silent := await self._shop.database.end_silent():
                    log.warning("database.silent_ended", extra={"n": silent})
            except AWAY as error:
                log.warning("engine.minding_failed", extra={"reason": str(error)})

    def _on_slowed(self, relay: str, provider: str) -> None:
        """Call back what waits at a relay for a provider that has enough for now."""
        for courier in self._fleet.couriers.values():
            if courier.relay == relay:
                courier.recall(
                    lambda copy: isinstance(copy, WindowCopy) and copy.provider == provider
                )

    def _is_needed(self, courier: Courier) -> bool:
        """Whether a taking it has in hand has no other relay to go to."""
        return any(
            shift.courier is courier and not self._fleet.another(courier, shift.passage.relays)
            for shift in self._shop.live.values()
        )

    def _on_trouble(self, courier: Courier, reason: Sentence) -> None:
        """A relay cannot be used: nobody's copy is at fault.

        What it had goes to the next relay of its list; where there is none, the campaign waits.
        """
        self._errands.trouble(courier, reason)
        affected: dict[int, Sentence] = {}
        for shift in self._shop.live.values():
            if shift.courier is courier:
                shift.over = shift.blameless = True
                if reasons := self._fleet.nothing_left(shift.passage.relays):
                    affected[shift.taken.campaign_id] = reasons
        for campaign_id, reasons in affected.items():
            task = asyncio.get_running_loop().create_task(self._shop.pause(campaign_id, reasons))
            self._troubles.add(task)
            task.add_done_callback(self._troubles.discard)

    async def _safely_sweep(self) -> DBAPIError | OSError | PoolTimeout | None:
        try:
            await self.sweep()
        except AWAY as error:
            log.warning("engine.sweep_failed", extra={"reason": str(error)})
            return error
        return None


def _wait(shift: Shift | None) -> float:
    """In how many seconds a batch that is held back is looked at again: limits may be changed."""
    if shift is None or shift.held is None:
        return 0.0
    return min(shift.held.until - shift.held.now, constants.LOOK_AGAIN_SECONDS)


def _not_noted(error: OSError) -> Sentence:
    return say(
        N_("this machine cannot write its journal: {reason}: make room on its disk, then resume"),
        reason=error.strerror or str(error),
    )
