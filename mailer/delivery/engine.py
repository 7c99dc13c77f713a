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
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
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
from mailer.delivery.gate import Passage
from mailer.delivery.journal import Journal, Notes
from mailer.delivery.observing import UNOBSERVED, Observer
from mailer.delivery.outbox import (
    LEASE,
    Claimed,
    Due,
    LeaseLost,
    Result,
    Shut,
    Taken,
    Uncommon,
)
from mailer.delivery.outcomes import Kind, Outcome
from mailer.delivery.pace import WINDOWS
from mailer.delivery.pacing.limits import WHOLE
from mailer.delivery.pacing.pacer import Pacer
from mailer.delivery.pacing.pacers import Pacers
from mailer.delivery.pacing.permits import Held, Permit
from mailer.delivery.pacing.tempers import heard_from
from mailer.delivery.rooms import Room, Rooms
from mailer.delivery.rounds import Round
from mailer.delivery.windows import Holding, Window, WindowCopy, boot_time
from mailer.delivery.workers import Figures
from mailer.identity import needs_smtputf8
from mailer.models import Batch, CampaignState, Status
from mailer.providers import KNOWN, Providers
from mailer.recipients import Recipient
from pli.database import Database, unreachable, will_not_have
from pli.errors import PliError
from pli.keys import Keys
from pli.language import N_, Sentence, say
from pli.work import Work, until
from subscribers import lists

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
LOOK_AGAIN_SECONDS = 5.0
PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Launching:
    """How campaigns are started at their hour."""

    batch_size: int = 1_000
    latest: timedelta = timedelta(hours=2)
    second_person: bool = False
    providers: Providers = KNOWN


@dataclass(slots=True)
class Shift:
    """One taking of one batch, from `take` to `release`."""

    taken: Taken
    round: Round
    holding: Holding
    notes: Notes
    courier: Courier
    pacer: Pacer
    """Its courier's."""
    room: Room
    passage: Passage
    held: Held | None = None
    """Nothing of it may leave now, by its limits."""
    blameless: bool = False
    """What ended it (a relay's fault, the hour, a limit) is no fault of its batch."""
    fault: OSError | None = None
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
        pacers: Mapping[str, Pacer] | None = None,
    ) -> None:
        self._database = database
        self._keys = keys
        self._fleet = Fleet.of(courier)
        self._journal = journal
        self._policy_pause = policy_pause_percent / 100
        self._launching = launching or Launching()
        self._pacers = Pacers(database, self._fleet, pacers)
        self._errands = Errands(database, keys, self._fleet, self._pacers)
        self._observer = observer
        self._heard = float("-inf")
        self._without_database = without_database
        self._settled = 0
        self.over = asyncio.Event()
        """Set when `run` has ended, by whatever reason."""
        self._work = Work(concurrency=WINDOWS)
        self._rooms = Rooms(connections)
        self._beside: set[asyncio.Task[None]] = set()
        """Batches in work in rooms of their own."""
        self._rounds: dict[int, Round] = {}
        self._live: dict[int, Shift] = {}
        self._stopping = False
        self._wake = asyncio.Event()
        self._troubles: set[asyncio.Task[None]] = set()
        self._fleet.on_trouble = self._on_trouble
        self._fleet.needed = self._is_needed
        self._pacers.attend(rates=self._rooms.rate, on_slowed=self._on_slowed, on_seated=self.wake)

    async def run(self) -> None:
        """Look for work and do it until `stop`; then what is on the wire is waited for."""
        pacing = asyncio.create_task(self._pacers.run())
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
                if self._beside:
                    await asyncio.wait(self._beside)
                await closing
                await self._errands.ended()
                if self._troubles:
                    await asyncio.wait(self._troubles)
            finally:
                self.over.set()
                self._pacers.end()
                await pacing
                await minding

    def figures(self) -> Figures:
        """How much is in hand, how much was settled, how fast."""
        rate = self._rooms.total()
        return Figures(len(self._live), self._settled, rate, self._fleet.resting())

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
            batches = await outbox.due(
                session,
                limit=LOOKED_AT,
                closed=await sending_hours.closed(session),
                without=await self._shut(session),
            )
            done = await campaigns.finishable(session)
            ended = await campaigns.ended(session)
            scheduled = await campaigns.launchable(session)
            errands = await outbox.notices_due(session)
        if errands and not self._stopping:
            await self._errands.step()
        await self._distribute(batches)
        for campaign_id in done:
            await self._finish(campaign_id)
        for campaign_id in ended:
            await self._end(campaign_id)
        for campaign_id in scheduled:
            await self._launch(campaign_id)
        return bool(batches or done or ended or scheduled or errands)

    async def _shut(self, session: AsyncSession) -> Sequence[Shut]:
        """Whom nothing may be sent to now, by the relays by which lists go."""
        if len(self._fleet.couriers) == 1:
            return self._shut_at(self._fleet.likely(), None)
        found: list[Shut] = []
        by_relays: dict[Courier | None, list[int]] = defaultdict(list)
        for list_ in await lists.everything(session):
            by_relays[self._fleet.likely(list_.relays)].append(list_.id)
        for courier, ids in by_relays.items():
            found += self._shut_at(courier, ids)
        return found

    def _shut_at(self, courier: Courier | None, ids: Sequence[int] | None) -> Sequence[Shut]:
        """Of these lists, what a relay has no room for now."""
        if courier is None:
            return ()
        closed = self._pacers.of(courier).closed()
        if WHOLE in closed:
            return (Shut(None, ids),)
        providers = {*closed, *self._rooms.busy(courier.relay)}
        return (Shut(providers, ids),) if providers else ()

    async def _distribute(self, batches: Sequence[Due]) -> None:
        """Each due batch into the open room, or into that of its provider if it has one."""
        wanted: dict[str, set[str]] = defaultdict(set)
        free: list[int] = []
        # Not all, and not the first: else every worker would reach for the same.
        for batch in random.sample(batches, len(batches)):
            courier = self._fleet.likely(batch.relays)
            if courier is None:
                free.append(batch.id)  # a person has to look: whoever takes it says so
                continue
            wanted[courier.relay].add(batch.provider)
            pacer = self._pacers.of(courier)
            if not pacer.narrow(batch.provider):
                free.append(batch.id)
            elif pacer.seated(batch.provider):
                self._work_beside(batch, self._rooms.of(courier.relay, batch.provider))
        self._pacers.want(wanted)
        await self._work.enqueue(free[:QUEUED])

    def _work_beside(self, batch: Due, room: Room) -> None:
        """Work a batch in its provider's own room, if nobody is in it."""
        if room.batch is not None or self._stopping:
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
        if self._stopping:
            return
        async with self._database.reading() as session:
            passage = await gate.passage(session, batch_id)
        courier = self._fleet.choose(passage.relays)
        if courier and not room and self._pacers.of(courier).narrow(passage.provider):
            return  # that has changed since it was queued: the next sweep finds it a room
        lease = secrets.randbits(63)
        try:
            notes = self._journal.begin(batch_id, lease, courier.relay if courier else "")
        except OSError as error:
            await self._pause_of(batch_id, _not_noted(error))
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
                holding.renewed(asked, LEASE.total_seconds())
                all_settled = True
                if taken.runs and courier is None:
                    await self._pause(
                        taken.campaign_id, gate.no_relay(passage.list_name, passage.relays)
                    )
                elif taken.runs and not passage.open:
                    blameless = True
                elif taken.runs and courier is not None:
                    round_ = await self._round_of(taken.campaign_id)
                    shift = Shift(
                        taken,
                        round_,
                        holding,
                        notes,
                        courier,
                        self._pacers.of(courier),
                        room or self._rooms.open,
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
                    async with self._database.begin() as session:
                        await outbox.release(
                            session, taken, blameless=blameless, not_before=_soonest(shift)
                        )
            finally:
                notes.close(all_settled=all_settled)
            if blameless:
                self.wake()  # another relay may have it at once

    async def _take(self, batch_id: int, lease: int) -> Taken | None:
        async with self._database.begin() as session:
            taken = await outbox.take(
                session, batch_id=batch_id, lease=lease, witness=self._journal.testimony
            )
            if taken is not None and taken.takings > FRUITLESS_TAKINGS:
                await self._give_up(session, taken)
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

    async def _carry(self, shift: Shift) -> None:
        """Open windows until as many are in work as may be; each then opens its next one."""
        while True:
            await shift.room.windows.acquire()
            window = None
            try:
                window = await self._next(shift)
            finally:
                if window is None:
                    shift.room.windows.release()
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
                copies = list(window.open.values())
                if shift.over or self._stopping:
                    for copy in copies:
                        copy.give_back()
                else:
                    shift.courier.post(copies, lane=shift.pacer.lane(shift.taken.provider))
                window = await self._settle(shift, window)
        except BaseException:
            # The next window may be claimed, and nobody carries it: the journal is to say so.
            shift.unclear = True
            raise
        finally:
            shift.room.windows.release()

    async def _next(self, shift: Shift) -> Window | None:
        """A window to carry; None if nothing of the batch is due any more, or it must rest."""
        permit = await self._permitted(shift)
        if permit is None:
            return None
        window = None
        try:
            window = await self._turn(shift, [], permit)
        except Uncommon:
            window = await self._claim(shift, permit)
        finally:
            if window is None:
                await self._tell_pacer(shift, permit, ())
        return window

    async def _permitted(self, shift: Shift) -> Permit | None:
        """How large the next window may be; None: nothing may leave now."""
        if not self._goes_on(shift):
            return None
        permit = await shift.pacer.permit(shift.taken.provider, shift.room.pace.window())
        if isinstance(permit, Held):
            shift.held, shift.blameless = permit, True
            return None
        shift.held = None
        return permit

    async def _tell_pacer(self, shift: Shift, permit: Permit, outcomes: Sequence[Outcome]) -> None:
        """What became of what was permitted, and how the provider took it."""
        try:
            await shift.pacer.tell(shift.taken.provider, permit, heard_from(outcomes))
        except AWAY as error:
            # It counts as used at the last moment it could have been: too late, never too much.
            log.warning("pacing.not_told", extra={"reason": str(error)})

    async def _tell_of(self, shift: Shift, window: Window) -> None:
        """What became of a window's permit, once."""
        if not window.told:
            window.told = True
            outcomes = [it.outcome for it in window.results]
            await self._tell_pacer(shift, window.permit, outcomes)

    async def _turn(
        self, shift: Shift, sent: Sequence[Result], permit: Permit | None
    ) -> Window | None:
        """The common case: what was sent is settled and the next window claimed, at once."""
        size = permit.size if permit else 0
        if not (sent or size):
            return None
        began = boot_time()
        turn = await self._database.transact(
            outbox.turn, shift.taken, sent, relay=shift.courier.relay, size=size
        )
        shift.exhausted = shift.exhausted or (size > 0 and turn.last)
        if permit is None or not turn.rows:
            return None
        self._observer.claimed(boot_time() - began)
        return self._opened(shift, turn.rows, permit)

    async def _claim(self, shift: Shift, permit: Permit | None) -> Window | None:
        """The same with whatever stands in the way: copies are skipped, with the reason."""
        if permit is None or not self._goes_on(shift):
            return None
        began = boot_time()
        while True:
            async with self._database.begin() as session:
                claimed = await outbox.claim(session, shift.taken, size=permit.size)
            if claimed.empty:
                shift.exhausted = True
                return None
            if claimed.rows:
                break
        self._observer.claimed(boot_time() - began)
        return self._opened(shift, claimed.rows, permit)

    def _goes_on(self, shift: Shift) -> bool:
        if shift.exhausted or shift.over or self._stopping:
            return False
        return shift.holding.ours() and shift.passage.open

    def _opened(self, shift: Shift, rows: Sequence[Claimed | Row[Any]], permit: Permit) -> Window:
        """What was claimed, as copies for the courier."""
        round_ = shift.round
        window = Window(shift.holding, round_.composer, shift.notes)
        window.provider, window.permit = shift.taken.provider, permit
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
            shift.room.pace.mark(len(window.results))
            self._settled += len(window.results)
            began = boot_time()
            following = await self._record(shift, window)
            self._observer.settled(window.tries(), boot_time() - began)
            log.debug("delivery.settled", extra=shift.names() | {"copies": len(window.results)})
            if window.fault is not None:
                shift.fault = window.fault
                shift.over = True
            if window.back and boot_time() >= window.permit.until:
                shift.blameless = True
            await self._tell_of(shift, window)
            await self._judge_window(shift, window)
        finally:
            shift.windows.remove(window)
        return following

    async def _record(self, shift: Shift, window: Window) -> Window | None:
        """Write a window down and claim the next; a database that is away is waited for.

        Given up, the rows stay in work under this lease: they will be found, and the journal read.
        """
        shift.unsettled += 1
        for tried in range(SETTLE_TRIES):
            if self._stopping and tried >= STOPPING_TRIES:
                break
            try:
                following = await self._written(shift, window)
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

    async def _written(self, shift: Shift, window: Window) -> Window | None:
        """Write a window down and claim the next: at once, where no limit has to be asked."""
        sent = [it for it in window.results if it.outcome.kind is Kind.SENT]
        rest = [it for it in window.results if it.outcome.kind is not Kind.SENT]
        if rest or window.back:
            await self._settle_any(shift, window, rest)
        freely = window.permit.grant is None and shift.pacer.freely(shift.taken.provider)
        at_once = freely and not heard_from(it.outcome for it in rest).weight
        permit = await self._permitted(shift) if at_once else None
        try:
            following = await self._turn(shift, sent, permit)
        except Uncommon:
            await self._settle_any(shift, window, sent)
            following = await self._claim(shift, permit)
        if at_once:
            return following
        # What it used, and what was said of it, decides on the next.
        await self._tell_of(shift, window)
        return await self._next(shift)

    async def _settle_any(self, shift: Shift, window: Window, results: Sequence[Result]) -> None:
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
            late = await self._take_back(session, shift, window)
            if late or moved.get(Status.PENDING):
                await campaigns.reopen(session, campaign_id=shift.taken.campaign_id)

    async def _judge_window(self, shift: Shift, window: Window) -> None:
        """Pause when many of the latest copies were refused for what we are, not for whom."""
        latest = shift.round.latest
        latest.extend(it.outcome for it in window.results)
        if refused := shift.round.refused_for_us(self._policy_pause):
            shift.over = True
            reason = say(
                N_("{n} of the last {total} copies were refused for what we are: {code} {text}"),
                n=len(refused),
                total=len(latest),
                code=refused[-1].code,
                text=refused[-1].text,
            )
            latest.clear()
            await self._pause(shift.taken.campaign_id, reason)

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

    async def _take_back(self, session: AsyncSession, shift: Shift, window: Window) -> bool:
        """Write down what came back; whether some of it had been called uncertain meanwhile."""
        unwanted = {
            copy.delivery_id: copy.stopped or "cancelled"
            for copy in window.back
            if copy.stopped or shift.cancelled
        }
        waiting = [copy.delivery_id for copy in window.back if copy.delivery_id not in unwanted]
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
                # However long a window takes: what carries it must not be given away meanwhile.
                shift.pacer.want([shift.taken.provider])
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
            shift.passage = await gate.passage(session, shift.taken.id)
            hindered = await outbox.hindered(session, list(waiting)) if waiting else {}
        if shift.passage.state is not CampaignState.RUNNING:
            shift.over = True
            shift.cancelled = shift.passage.state is CampaignState.CANCELLED
        if not shift.passage.open:
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
                    providers=self._launching.providers,
                    now=datetime.now(UTC),
                ):
                    log.info("campaign.launched", extra={"campaign": campaign_id})
        # Also a rule that cannot be read any more: it alone waits, and the engine goes on.
        except PliError as refused:
            async with self._database.begin() as session:
                await campaigns.hold(session, campaign_id=campaign_id, reason=refused.sentences[0])

    async def _give_up(self, session: AsyncSession, taken: Taken) -> None:
        reason = say(
            N_("batch {batch} was taken {n} times without any outcome"),
            batch=taken.number,
            n=FRUITLESS_TAKINGS,
        )
        await outbox.release(session, taken)
        await campaigns.pause(session, campaign_id=taken.campaign_id, reason=reason)

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
                if reasons := self._fleet.nothing_left(shift.passage.relays):
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


def _soonest(shift: Shift | None) -> datetime | None:
    """When a batch that is held back is looked at again: limits may be changed meanwhile."""
    if shift is None or shift.held is None:
        return None
    return datetime.fromtimestamp(min(shift.held.until, shift.held.now + LOOK_AGAIN_SECONDS), UTC)


def _not_noted(error: OSError) -> Sentence:
    return say(
        N_("this machine cannot write its journal: {reason}: make room on its disk, then resume"),
        reason=error.strerror or str(error),
    )


def _among(shift: Shift) -> Callable[[Copy], bool]:
    return lambda copy: isinstance(copy, WindowCopy) and copy.holding is shift.holding
