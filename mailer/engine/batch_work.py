"""One batch in an engine's hands: it is taken, its due copies are sent, and it is given back."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from mailer.campaign import jobs
from mailer.engine import constants, gate
from mailer.engine.batch_run import BatchRun
from mailer.engine.context import EngineContext
from mailer.engine.ending import Ending
from mailer.engine.gate import Passage
from mailer.engine.heartbeat import watch
from mailer.engine.journal import Notes
from mailer.engine.pressed_campaigns import PressedCampaign
from mailer.engine.provider_slots import ProviderSlot
from mailer.ledger import leasing
from mailer.ledger.holding import Holding
from mailer.ledger.leasing import Left
from mailer.ledger.rows import LeasedBatch, LeaseLost
from mailer.letter.letter import LetterError
from mailer.smtp.courier import Courier
from pli import descriptors
from pli.clocks import boot_time
from pli.database import DatabaseAway
from pli.language import N_, Sentence, say
from pli.work import Again

log = logging.getLogger("pli.delivery")


@dataclass(slots=True)
class Taking:
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


class BatchWork:
    """Takes batches, works on them, and gives them back; knows the runs in progress."""

    def __init__(
        self, context: EngineContext, *, shared: bool, on_released: Callable[[bool], None]
    ) -> None:
        """`shared`: other workers hear of a batch that this one leaves (`BatchSource.shared`).

        `on_released` is called after a batch was given back; its argument says whether the cause
        of the run's end lies outside the batch.
        """
        self._context = context
        self._shared = shared
        self._on_released = on_released
        self.runs: dict[int, BatchRun] = {}
        """The runs in progress, by batch id."""

    def campaigns(self) -> set[int]:
        """The ids of the campaigns with a run in progress."""
        return {run.batch.campaign_id for run in self.runs.values()}

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
        if not self._shared:
            return None
        database = self._context.database
        async with database.reading() as session:
            seconds, closed = await gate.comes_again(session, batch_id)
        if closed is not None:
            # At once for all of the campaign, or each job would come to a worker once, in vain.
            if seconds is None:
                await database.perform(jobs.withdraw, closed)
            else:
                await database.perform(jobs.put_off, closed, seconds)
        return None if seconds is None else Again(seconds)

    async def _take(self, batch_id: int, slot: ProviderSlot | None) -> Taking | None:
        """Open a journal file, then lease a batch; None if there is nothing to do."""
        async with self._context.database.reading() as session:
            passage = await gate.passage(session, batch_id)
        if self._shared and passage.idle:
            return None  # its job came all the same; it is to come again at the hour
        courier = self._context.failover.choose(passage.relays)
        if courier and not slot and self._context.pacers.of(courier).narrow(passage.provider):
            return None  # limited since it was queued: the next sweep gives it its own slot
        lease = secrets.randbits(63)
        try:
            notes = self._context.journal.begin(batch_id, lease, courier.relay if courier else "")
        except OSError as error:
            if error.errno in descriptors.FULL:
                self._context.tell_of_full_files(error.strerror)  # the sweep finds the batch again
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
        return Taking(batch, passage, courier, notes, holding, slot or self._context.slots.open)

    async def _run(self, taking: Taking) -> None:
        """Send what is due of a batch, or pause its campaign if a person must act first."""
        batch, passage = taking.batch, taking.passage
        if batch.takings > constants.FRUITLESS_TAKINGS:
            await self._context.pause(batch.campaign_id, _fruitless(batch))
        elif batch.runs and not self._context.failover.knows(passage.relays):
            await self._context.pause(
                batch.campaign_id, gate.no_relay(passage.list_name, passage.relays)
            )
        elif batch.runs and taking.courier is not None and passage.open:
            try:
                pressed = await self._context.pressed.of(batch.campaign_id, live=self.campaigns)
            except LetterError as fault:
                # Frozen by an older version, which sent what this one judges too deep.
                await self._context.pause(batch.campaign_id, fault.sentences[0])
            else:
                taking.run = self._begin_run(taking, taking.courier, pressed)
                await self._carry_out(taking.run)
        taking.carried_out = True

    def _begin_run(self, taking: Taking, courier: Courier, pressed: PressedCampaign) -> BatchRun:
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
        if not self._context.failover.usable(courier):
            run.end(Ending.RELAY)  # its circuit has opened since `choose`
        if self._context.stopping:
            run.end(Ending.STOPPED)
        return run

    async def _carry_out(self, run: BatchRun) -> None:
        self.runs[run.batch.id] = run
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
                del self.runs[run.batch.id]
        if run.ending is Ending.JOURNAL and isinstance(run.cause, OSError):
            await self._context.pause(run.batch.campaign_id, _not_noted(run.cause))
        if run.ending is Ending.FAULT and run.cause is not None:
            raise run.cause

    async def _release(self, taking: Taking) -> None:
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
            self._on_released(taking.blameless)


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
