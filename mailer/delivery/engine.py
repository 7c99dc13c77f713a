"""The engine: finds batches that are due, takes them, and keeps the wire busy.

No transaction is open while the network talks: claim and commit, talk, settle and commit. At most
WINDOWS windows are unsettled in one process; they overlap, so that the wire never waits for the
database. The loops do one piece and say whether there was one, so that tests can step them.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from mailer import campaigns, sending_hours
from mailer.campaigns import CampaignError
from mailer.delivery import gate, outbox, rounds
from mailer.delivery.couriers import Copy, Courier
from mailer.delivery.errands import Errands
from mailer.delivery.fleet import Fleet
from mailer.delivery.gate import Permit
from mailer.delivery.journal import Journal, Notes
from mailer.delivery.observing import UNOBSERVED, Observer
from mailer.delivery.outbox import LEASE, Claimed, LeaseLost, Result, Taken, Uncommon
from mailer.delivery.outcomes import Kind
from mailer.delivery.pace import WINDOWS, Pace
from mailer.delivery.rounds import Round
from mailer.delivery.windows import Holding, Window, WindowCopy, boot_time
from mailer.delivery.workers import Figures
from mailer.identity import needs_smtputf8
from mailer.models import Batch, CampaignState, Status
from mailer.recipients import Recipient
from pli.database import Database, is_our_fault, unreachable, will_not_have
from pli.errors import PliError
from pli.keys import Keys
from pli.language import N_, Sentence, say
from pli.work import Work, until

log = logging.getLogger("pli.delivery")

SWEEP_SECONDS = 0.5
LOOKED_AT = 64
QUEUED = 4 * WINDOWS
"""So many of the batches looked at are queued in one sweep."""
WATCH_SECONDS = 1.0
RENEW_SECONDS = 10.0
FRUITLESS_TAKINGS = 3
ROUNDS = 8
"""So many pressed letters are kept at least."""
SETTLE_TRIES = 30
AWAY = (DBAPIError, OSError, PoolTimeout)
"""What a database that is away raises: refused connections come from below the driver, and a
connection that another transaction holds for too long from above it."""
STOPPING_TRIES = 3
HEAR_SECONDS = 5.0
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Launching:
    """How campaigns are started at their hour."""

    batch_size: int = 1_000
    latest: timedelta = timedelta(hours=2)
    second_person: bool = False


@dataclass(slots=True)
class Shift:
    """One taking of one batch, from `take` to `release`."""

    taken: Taken
    round: Round
    holding: Holding
    notes: Notes
    courier: Courier
    permit: Permit
    blameless: bool = False
    """What ended it, a relay's fault or the hour, is no fault of its batch."""
    fault: OSError | None = None
    failed: Exception | None = None
    """What ended one of its windows that nobody had foreseen."""
    unsettled: int = 0
    unclear: bool = False
    """Whether rows may be ours that no window holds: then the journal tells of them."""
    exhausted: bool = False
    """Whether nothing of the batch was left to claim."""
    over: bool = False
    cancelled: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    windows: list[Window] = field(default_factory=list)
    settling: set[asyncio.Task[None]] = field(default_factory=set)

    def names(self) -> dict[str, int]:
        """What logs call it by."""
        return {"campaign": self.taken.campaign_id, "batch": self.taken.id}

    def waiting(self) -> dict[int, WindowCopy]:
        """The copies that are claimed and not yet settled."""
        return {id_: copy for window in self.windows for id_, copy in window.open.items()}


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
    ) -> None:
        self._database = database
        self._keys = keys
        self._fleet = Fleet.of(courier)
        self._journal = journal
        self._policy_pause = policy_pause_percent / 100
        self._launching = launching or Launching()
        self._errands = Errands(database, keys, self._fleet)
        self._observer = observer
        self._heard = float("-inf")
        self._without_database = without_database
        self._settled = 0
        self.over = asyncio.Event()
        """Set when `run` has ended, by whatever reason."""
        self._connections = connections
        self._work = Work(concurrency=WINDOWS)
        self._room = asyncio.Semaphore(WINDOWS)
        self._pace = Pace(connections)
        self._rounds: dict[int, Round] = {}
        self._live: dict[int, Shift] = {}
        self._stopping = False
        self._wake = asyncio.Event()
        self._troubles: set[asyncio.Task[None]] = set()
        self._fleet.on_trouble = self._on_trouble
        self._fleet.needed = self._is_needed

    async def run(self) -> None:
        """Look for work and do it until `stop`; then what is on the wire is waited for."""
        working = asyncio.create_task(self._work.run(self.work))
        minding = asyncio.create_task(self._mind_the_silent())
        try:
            seen = boot_time()
            while not (self._stopping or working.done()):
                failure = await self._safely_sweep()
                if failure is None:
                    seen = boot_time()
                elif self._without_database and boot_time() > seen + self._without_database:
                    raise unreachable(failure)
                self._wake.clear()
                await until(self._wake, SWEEP_SECONDS)
        finally:
            self.stop()
            self._work.stop()
            # What is on the wire may be answered; the connections are then broken off.
            closing = asyncio.create_task(self._fleet.close(PATIENCE_SECONDS))
            try:
                await working
                await closing
                await self._errands.ended()
                if self._troubles:
                    await asyncio.wait(self._troubles)
            finally:
                self.over.set()
                await minding

    def figures(self) -> Figures:
        """How much is in hand, how much was settled, how fast."""
        return Figures(len(self._live), self._settled, self._pace.rate(), self._fleet.resting())

    def stop(self) -> None:
        """Claim nothing more, and give back what is not on the wire."""
        self._stopping = True
        self._wake.set()
        for shift in self._live.values():
            shift.over = True
        self._fleet.recall(lambda _: True)

    def wake(self) -> None:
        """There is work: look now."""
        self._wake.set()

    async def sweep(self) -> bool:
        """Launch what is scheduled, queue what is due, finish what is done; if there was any."""
        if boot_time() >= self._heard + HEAR_SECONDS:
            await self._hear_the_dead()
            self._heard = boot_time()
        async with self._database.reading() as session:
            closed = await sending_hours.closed(session)
            batches = await outbox.due(session, limit=LOOKED_AT, closed=closed)
            done = await campaigns.finishable(session)
            ended = await campaigns.ended(session)
            scheduled = await campaigns.launchable(session)
            errands = await outbox.notices_due(session)
        if errands and not self._stopping:
            await self._errands.step()
        # Not all, and not the first: else every worker would reach for the same.
        await self._work.enqueue(random.sample(batches, min(QUEUED, len(batches))))
        for campaign_id in done:
            await self._finish(campaign_id)
        for campaign_id in ended:
            await self._end(campaign_id)
        for campaign_id in scheduled:
            await self._launch(campaign_id)
        return bool(batches or done or ended or scheduled or errands)

    async def work(self, batch_id: int) -> None:
        """Take one batch and work it until nothing of it is due, or it is ours no more."""
        if self._stopping:
            return
        try:
            await self._work_batch(batch_id)
        except AWAY as error:
            if is_our_fault(error):
                raise
            # The sweep tells when that lasts, and finds the batch again.
            log.warning("delivery.batch_left", extra={"batch": batch_id, "reason": str(error)})

    async def _work_batch(self, batch_id: int) -> None:
        async with self._database.reading() as session:
            permit = await gate.permit(session, batch_id)
        courier = self._fleet.choose(permit.relays)
        lease = secrets.randbits(63)
        try:
            notes = self._journal.begin(batch_id, lease, courier.relay if courier else "")
        except OSError as error:
            await self._pause_of(batch_id, _not_noted(error))
            return
        asked = boot_time()
        taken = None
        blameless = False
        all_settled = False
        try:
            taken = await self._take(batch_id, lease)
            if taken is not None:
                holding = Holding()
                holding.renewed(asked, LEASE.total_seconds())
                all_settled = True
                if taken.runs and courier is None:
                    await self._pause(
                        taken.campaign_id, gate.no_relay(permit.list_name, permit.relays)
                    )
                elif taken.runs and not permit.open:
                    blameless = True
                elif taken.runs and courier is not None:
                    round_ = await self._round_of(taken.campaign_id)
                    shift = Shift(taken, round_, holding, notes, courier, permit)
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
                    await self._database.perform(outbox.release, taken, blameless=blameless)
            finally:
                notes.close(all_settled=all_settled)
            if blameless:
                self.wake()  # another relay may have it at once

    async def _take(self, batch_id: int, lease: int) -> Taken | None:
        taken = await self._database.perform(
            outbox.take, batch_id=batch_id, lease=lease, witness=self._journal.testimony
        )
        fruitless = taken is not None and taken.takings > FRUITLESS_TAKINGS
        if taken is not None and fruitless:
            await self._database.perform(outbox.release, taken)
        if taken is not None and fruitless:
            await self._give_up(taken)
            return None
        return taken

    async def _work_shift(self, shift: Shift) -> None:
        self._live[shift.taken.id] = shift
        watching = asyncio.create_task(self._watch(shift))
        try:
            await self._carry(shift)
        finally:
            while shift.settling:
                await asyncio.wait(shift.settling)
            # Told, not cancelled: a cancelled statement would leave its connection half used.
            shift.ended.set()
            try:
                await watching
            finally:
                del self._live[shift.taken.id]
        if shift.fault is not None:
            await self._pause(shift.taken.campaign_id, _not_noted(shift.fault))
        if shift.failed is not None:
            raise shift.failed

    async def _carry(self, shift: Shift) -> None:
        """Open windows until as many are in work as may be; each then opens its next one."""
        while True:
            await self._room.acquire()
            window = None
            try:
                window = await self._next(shift)
            finally:
                if window is None:
                    self._room.release()
            if window is None:
                return
            task = asyncio.create_task(self._see_through(shift, window))
            shift.settling.add(task)
            task.add_done_callback(shift.settling.discard)

    async def _see_through(self, shift: Shift, first: Window) -> None:
        """Carry a window and settle it, and so on with the one that was claimed with that."""
        window: Window | None = first
        try:
            while window is not None:
                if shift.over or self._stopping:
                    for copy in list(window.open.values()):
                        copy.give_back()
                else:
                    shift.courier.post(list(window.open.values()))
                window = await self._settle(shift, window)
        except Exception as error:
            # The next window may be claimed, and nobody carries it: the journal is to say so.
            shift.unclear = shift.over = True
            shift.failed = error
        finally:
            self._room.release()

    async def _next(self, shift: Shift) -> Window | None:
        """A window to carry; None if nothing of the batch is due any more, or it must rest."""
        try:
            return await self._turn(shift, [])
        except Uncommon:
            return await self._claim(shift)

    async def _turn(self, shift: Shift, sent: Sequence[Result]) -> Window | None:
        """The common case: what was sent is settled and the next window claimed, at once."""
        size = self._pace.window() if self._goes_on(shift) else 0
        if not (sent or size):
            return None
        began = boot_time()
        turn = await self._database.transact(
            outbox.turn, shift.taken, sent, relay=shift.courier.relay, size=size
        )
        shift.exhausted = shift.exhausted or (size > 0 and turn.last)
        if not turn.rows:
            return None
        self._observer.claimed(boot_time() - began)
        return self._opened(shift, turn.rows)

    async def _claim(self, shift: Shift) -> Window | None:
        """The same with whatever stands in the way: copies are skipped, with the reason."""
        if not self._goes_on(shift):
            return None
        began = boot_time()
        while True:
            async with self._database.begin() as session:
                claimed = await outbox.claim(session, shift.taken, size=self._pace.window())
            if claimed.empty:
                shift.exhausted = True
                return None
            if claimed.rows:
                break
        self._observer.claimed(boot_time() - began)
        return self._opened(shift, claimed.rows)

    def _goes_on(self, shift: Shift) -> bool:
        if shift.exhausted or shift.over or self._stopping:
            return False
        return shift.holding.ours() and shift.permit.open

    def _opened(self, shift: Shift, rows: Sequence[Claimed | Row[Any]]) -> Window:
        """What was claimed, as copies for the courier."""
        round_ = shift.round
        window = Window(shift.holding, round_.composer, shift.notes)
        for row in rows:
            recipient = Recipient(
                delivery_id=row.id,
                subscriber_id=row.subscriber_id,
                email=row.email,
                first_name=row.first_name,
                last_name=row.last_name,
                language=row.language,
                attributes=row.attributes,
                list=round_.lists[row.list_id],
            )
            window.open[row.id] = WindowCopy(
                window,
                recipient,
                number=row.attempts + 1,
                mail_from=round_.links.return_path(row.id, round_.token_key),
                smtputf8=needs_smtputf8(row.email),
            )
        shift.windows.append(window)
        return window

    async def _settle(self, shift: Shift, window: Window) -> Window | None:
        """Wait for a window's last reply and write it all down; the next window, if any."""
        try:
            await window.done.wait()
            self._pace.mark(len(window.results))
            self._settled += len(window.results)
            if window.fault is not None:
                shift.fault = window.fault
                shift.over = True
            # Before the next one is claimed with it: what is refused for what we are must not burn.
            refused = self._judge_window(shift, window)
            began = boot_time()
            following = await self._record(shift, window)
            self._observer.settled(window.tries(), boot_time() - began)
            log.debug("delivery.settled", extra=shift.names() | {"copies": len(window.results)})
            if refused is not None:
                await self._pause(shift.taken.campaign_id, refused)
        finally:
            shift.windows.remove(window)
        return following

    async def _record(self, shift: Shift, window: Window) -> Window | None:
        """Write a window down; a database that is away for a moment is waited for.

        Given up, the rows stay in work under this lease: they will be found, and the journal read.
        """
        shift.unsettled += 1
        sent = [it for it in window.results if it.outcome.kind is Kind.SENT]
        rest = [it for it in window.results if it.outcome.kind is not Kind.SENT]
        for tried in range(SETTLE_TRIES):
            if self._stopping and tried >= STOPPING_TRIES:
                break
            try:
                if rest or window.back:
                    # Once: put back, they may be claimed by another window of this very lease, and
                    # on the wire. Should it not be written, the journal tells that they never were.
                    back, window.back = window.back, []
                    await self._settle_any(shift, rest, back)
                    rest = []
                try:
                    following = await self._turn(shift, sent)
                except Uncommon:
                    await self._settle_any(shift, sent, [])
                    following = await self._claim(shift)
            except AWAY as error:
                # What was claimed by a commit whose answer was lost is nobody's.
                shift.unclear = True
                log.warning("delivery.settle_failed", extra={"reason": str(error)})
                await asyncio.sleep(WATCH_SECONDS)
            except LeaseLost:
                shift.unsettled -= 1
                shift.over = True
                return None
            else:
                shift.unsettled -= 1
                return following
        return None

    async def _settle_any(
        self, shift: Shift, results: Sequence[Result], back: Sequence[WindowCopy]
    ) -> None:
        """Whatever became of copies, and what came back: in one transaction."""
        async with self._database.begin() as session:
            terms = await outbox.lock_campaign(session, shift.taken.campaign_id)
            shift.cancelled = terms.cancelled
            moved = await outbox.settle(
                session,
                shift.taken,
                results,
                relay=shift.courier.relay,
                delays=shift.round.retry_delays,
                now=datetime.now(UTC),
            )
            late = await self._take_back(session, shift, back)
            if late or moved.get(Status.PENDING):
                await campaigns.reopen(session, campaign_id=shift.taken.campaign_id)

    def _judge_window(self, shift: Shift, window: Window) -> Sentence | None:
        """Why to pause: many of the latest copies were refused for what we are, not for whom."""
        latest = shift.round.latest
        latest.extend(it.outcome for it in window.results)
        refused = shift.round.refused_for_us(self._policy_pause)
        if not refused:
            return None
        shift.over = True
        reason = say(
            N_("{n} of the last {total} copies were refused for what we are: {code} {text}"),
            n=len(refused),
            total=len(latest),
            code=refused[-1].code,
            text=refused[-1].text,
        )
        latest.clear()
        return reason

    async def _hear_the_dead(self) -> None:
        """Write down what workers noted on this machine that did not live to settle it."""
        with self._journal.left_behind() as testimonies:
            for testimony in testimonies:
                try:
                    async with self._database.begin() as session:
                        waits = await outbox.hear(session, testimony)
                        if waits is not None:
                            await campaigns.reopen(session, campaign_id=waits)
                except DBAPIError as error:
                    if not will_not_have(error):
                        raise
                    # One file that cannot be told must not hold up everybody's letters.
                    log.exception("journal.refused", extra={"batch": testimony.batch_id})
                    self._journal.set_aside(testimony)
                else:
                    self._journal.forget(testimony)
                    log.info("journal.heard", extra={"batch": testimony.batch_id})

    async def _mind_the_silent(self) -> None:
        """See that nobody waits for the locks of the dead: beside all else, which may wait, too."""
        while not await until(self.over, HEAR_SECONDS):
            try:
                if silent := await self._database.end_silent():
                    log.warning("database.silent_ended", extra={"n": silent})
            except AWAY as error:
                log.warning("engine.minding_failed", extra={"reason": str(error)})

    async def _take_back(
        self, session: AsyncSession, shift: Shift, back: Sequence[WindowCopy]
    ) -> bool:
        """Write down what came back; whether some of it had been called uncertain meanwhile."""
        unwanted = {
            copy.delivery_id: copy.stopped or "cancelled"
            for copy in back
            if copy.stopped or shift.cancelled
        }
        waiting = [copy.delivery_id for copy in back if copy.delivery_id not in unwanted]
        if unwanted:
            await outbox.skip(session, shift.taken, unwanted)
        if waiting:
            return await outbox.put_back(session, shift.taken, waiting)
        return False

    async def _watch(self, shift: Shift) -> None:
        """Every second: is the batch still ours, does the campaign run, may each copy still go?"""
        renewed = boot_time()
        try:
            while not await until(shift.ended, WATCH_SECONDS):
                try:
                    if boot_time() >= renewed + RENEW_SECONDS:
                        renewed = boot_time()
                        await self._renew(shift, renewed)
                    await self._ask_again(shift)
                except AWAY as error:
                    log.warning("delivery.watch_failed", extra={"reason": str(error)})
                if shift.over:
                    shift.courier.recall(_among(shift))
        finally:
            # However it ends: what nobody watches must not leave.
            if not shift.ended.is_set():
                shift.over = True
                shift.holding.end()
                shift.courier.recall(_among(shift))

    async def _renew(self, shift: Shift, asked: float) -> None:
        async with self._database.begin() as session:
            if await outbox.renew(session, shift.taken):
                shift.holding.renewed(asked, LEASE.total_seconds())
            else:
                shift.holding.renewed(asked, 0)
                shift.over = True

    async def _ask_again(self, shift: Shift) -> None:
        waiting = shift.waiting()
        async with self._database.reading() as session:
            shift.permit = await gate.permit(session, shift.taken.id)
            hindered = await outbox.hindered(session, list(waiting)) if waiting else {}
        if shift.permit.state is not CampaignState.RUNNING:
            shift.over = True
            shift.cancelled = shift.permit.state is CampaignState.CANCELLED
        if not shift.permit.open:
            shift.over = shift.blameless = True
        for id_, reason in hindered.items():
            waiting[id_].stopped = reason
        if hindered:
            shift.courier.recall(lambda copy: isinstance(copy, WindowCopy) and bool(copy.stopped))

    async def _round_of(self, campaign_id: int) -> Round:
        if campaign_id not in self._rounds:
            async with self._database.reading() as session:
                self._rounds[campaign_id] = await rounds.begin(session, campaign_id, self._keys)
            # What others finished is not told here: the eldest that nobody works on make room.
            live = {shift.taken.campaign_id for shift in self._live.values()} | {campaign_id}
            idle = [it for it in self._rounds if it not in live]
            for done in idle[: max(0, len(self._rounds) - ROUNDS)]:
                del self._rounds[done]
        return self._rounds[campaign_id]

    async def _finish(self, campaign_id: int) -> None:
        try:
            async with self._database.begin() as session:
                if await campaigns.finish(session, campaign_id=campaign_id, now=datetime.now(UTC)):
                    self._rounds.pop(campaign_id, None)
                    log.info("campaign.finished", extra={"campaign": campaign_id})
        except CampaignError as unbalanced:
            await self._pause(campaign_id, unbalanced.sentences[0])

    async def _end(self, campaign_id: int) -> None:
        async with self._database.begin() as session:
            if await campaigns.end(session, campaign_id=campaign_id):
                log.info("campaign.ended", extra={"campaign": campaign_id})

    async def _launch(self, campaign_id: int) -> None:
        try:
            async with self._database.begin() as session:
                if await campaigns.launch(
                    session,
                    campaign_id=campaign_id,
                    batch_size=self._launching.batch_size,
                    latest=self._launching.latest,
                    second_person=self._launching.second_person,
                    now=datetime.now(UTC),
                ):
                    log.info("campaign.launched", extra={"campaign": campaign_id})
        # Also a rule that cannot be read any more: it alone waits, and the engine goes on.
        except PliError as refused:
            async with self._database.begin() as session:
                await campaigns.hold(session, campaign_id=campaign_id, reason=refused.sentences[0])

    async def _give_up(self, taken: Taken) -> None:
        """In a transaction of its own: two that hold the campaign would wait for each other."""
        reason = say(
            N_("batch {batch} was taken {n} times without any outcome"),
            batch=taken.number,
            n=FRUITLESS_TAKINGS,
        )
        await self._pause(taken.campaign_id, reason)

    def _is_needed(self, courier: Courier) -> bool:
        """Whether a taking it has in hand has no other relay to go to."""
        return any(
            shift.courier is courier and not self._fleet.another(courier, shift.permit.relays)
            for shift in self._live.values()
        )

    def _on_trouble(self, courier: Courier, reason: Sentence) -> None:
        """A relay cannot be used: nobody's copy is at fault.

        What it had goes to the next relay of its list; where there is none, the campaign waits.
        """
        self._errands.trouble(courier, reason)
        affected: dict[int, Sentence] = {}
        for shift in self._live.values():
            if shift.courier is courier:
                shift.over = shift.blameless = True
                if reasons := self._fleet.nothing_left(shift.permit.relays):
                    affected[shift.taken.campaign_id] = reasons
        for campaign_id, reasons in affected.items():
            task = asyncio.get_running_loop().create_task(self._pause(campaign_id, reasons))
            self._troubles.add(task)
            task.add_done_callback(self._troubles.discard)

    async def _pause_of(self, batch_id: int, reason: Sentence) -> None:
        async with self._database.reading() as session:
            campaign_id = await session.scalar(
                select(Batch.campaign_id).where(Batch.id == batch_id)
            )
        if campaign_id is not None:
            await self._pause(campaign_id, reason)

    async def _pause(self, campaign_id: int, reason: Sentence) -> None:
        """Pause it, also when the database is away just then: else it would go on as before."""
        for tried in range(SETTLE_TRIES):
            if self._stopping and tried >= STOPPING_TRIES:
                return
            try:
                async with self._database.begin() as session:
                    await campaigns.pause(session, campaign_id=campaign_id, reason=reason)
            except AWAY as error:
                log.warning("campaign.not_paused", extra={"reason": str(error)})
                await asyncio.sleep(WATCH_SECONDS)
            else:
                extra = {"campaign": campaign_id, "reason": str(reason)}
                log.warning("campaign.paused", extra=extra)
                return

    async def _safely_sweep(self) -> DBAPIError | OSError | PoolTimeout | None:
        try:
            await self.sweep()
        except AWAY as error:
            log.warning("engine.sweep_failed", extra={"reason": str(error)})
            return error
        return None


def _not_noted(error: OSError) -> Sentence:
    return say(
        N_("this machine cannot write its journal: {reason}: make room on its disk, then resume"),
        reason=error.strerror or str(error),
    )


def _among(shift: Shift) -> Callable[[Copy], bool]:
    return lambda copy: isinstance(copy, WindowCopy) and copy.holding is shift.holding
