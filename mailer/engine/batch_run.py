"""A batch run: one leased batch, whose windows are claimed, carried and settled.

No transaction is open while the network talks: claim and commit, talk, settle and commit. A slot
has a few unsettled windows at once. They overlap, so that the wire never waits for the database.
Settling a window claims the next one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from mailer.bounces.burst import Burst, burst
from mailer.campaign import lifecycle
from mailer.engine import constants
from mailer.engine.context import EngineContext
from mailer.engine.ending import Ending
from mailer.engine.gate import Passage
from mailer.engine.journal import Notes
from mailer.engine.pressed_campaigns import PressedCampaign
from mailer.engine.provider_slots import ProviderSlot
from mailer.engine.window import Window, WindowCopy
from mailer.ledger import claiming, rows, settle_and_claim, settling
from mailer.ledger.holding import Holding
from mailer.ledger.rows import Claimed, LeasedBatch, LeaseLost
from mailer.ledger.settle_and_claim import NeedsSlowPath
from mailer.models import Status
from mailer.outcomes import Kind, Outcome, Result, calls_unknown
from mailer.pacing.pacer import Pacer
from mailer.pacing.permits import Held, Permit
from mailer.pacing.throttle import heard_from
from mailer.recipient import Recipient
from mailer.sender import needs_smtputf8
from mailer.smtp.courier import Courier
from pli.clocks import boot_time
from pli.database import DatabaseAway
from pli.language import Sentence

log = logging.getLogger("pli.delivery")


@dataclass(slots=True, eq=False)
class BatchRun:
    """The work on one leased batch, from the first claim to the last settled window."""

    context: EngineContext
    batch: LeasedBatch
    pressed: PressedCampaign
    holding: Holding
    notes: Notes
    courier: Courier
    pacer: Pacer
    """The pacer of the courier."""
    slot: ProviderSlot
    passage: Passage
    ending: Ending | None = None
    """Why the run claims nothing more; only `end` sets this."""
    cause: Exception | None = None
    """The error that ended the run, with JOURNAL and FAULT."""
    held: Held | None = None
    """The pacer's last answer, if the limits allowed no copy."""
    unknown: Sentence | None = None
    """Why to pause, if too many recipients were called unknown."""
    unclear: bool = False
    """Whether rows may be claimed under our lease that no window holds: the journal stays."""
    began: float = field(default_factory=boot_time)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    windows: list[Window] = field(default_factory=list)
    settling: set[asyncio.Task[None]] = field(default_factory=set)

    def end(self, ending: Ending, cause: Exception | None = None) -> None:
        """Claim nothing more, because of `ending`; of two endings the graver one counts."""
        if self.ending is None or ending > self.ending:
            self.ending, self.cause = ending, cause

    @property
    def over(self) -> bool:
        """Whether the run recalls its copies that are not on the wire yet."""
        return self.ending is not None and self.ending.calls_back

    def names(self) -> dict[str, int]:
        """The ids by which logs name the run."""
        return {"campaign": self.batch.campaign_id, "batch": self.batch.id}

    def waiting(self) -> dict[int, WindowCopy]:
        """The copies that are claimed and not yet settled, by delivery id."""
        return {id_: copy for window in self.windows for id_, copy in window.open.items()}

    def recall(self) -> None:
        """Recall the run's copies that are not on the wire yet."""
        self.courier.recall(
            lambda copy: isinstance(copy, WindowCopy) and copy.holding is self.holding
        )

    async def carry(self) -> None:
        """Open windows as the slot allows, until nothing more may be claimed.

        Each window then claims the next one when it is settled.
        """
        while True:
            await self.slot.windows.acquire()
            window = None
            try:
                window = await self._next()
            finally:
                if window is None:
                    self.slot.windows.release()
            if window is None:
                return
            task = asyncio.create_task(self._carry_windows(window))
            self.settling.add(task)
            task.add_done_callback(self.settling.discard)

    async def _carry_windows(self, first: Window) -> None:
        """Carry and settle a window; settling claims the next one, which is carried in turn."""
        window: Window | None = first
        try:
            while window is not None:
                copies = list(window.open.values())
                if self.over:
                    for copy in copies:
                        copy.give_back()
                else:
                    self.courier.post(copies, lane=self.pacer.lane(self.batch.provider))
                window = await self._settle(window)
        except Exception as error:
            # The next window may be claimed, and no task carries it. The journal stays to say so.
            self.unclear = True
            self.end(Ending.FAULT, error)
        finally:
            self.slot.windows.release()

    async def _next(self) -> Window | None:
        """Claim a window; None if nothing of the batch is due, or nothing may leave now."""
        permit = await self._permitted()
        if permit is None:
            return None
        window = None
        try:
            window = await self._settle_and_claim([], permit)
        except NeedsSlowPath:
            window = await self._claim(permit)
        finally:
            if window is None:
                await self._tell_pacer(permit, ())
        return window

    async def _permitted(self) -> Permit | None:
        """Ask how large the next window may be; None if nothing may leave now."""
        if not self._may_claim():
            return None
        permit = await self.pacer.permit(self.batch.provider, self.slot.pace.window())
        if isinstance(permit, Held):
            self.held = permit
            self.end(Ending.LIMIT)
            return None
        self.held = None
        return permit

    async def _tell_pacer(self, permit: Permit, outcomes: Sequence[Outcome]) -> None:
        """Tell the pacer how much of a permit was used, and how the provider took the copies."""
        try:
            await self.pacer.tell(self.batch.provider, permit, heard_from(outcomes))
        except DatabaseAway as error:
            # Then the grant counts as used at the last moment allowed. Later copies wait longer
            # than they must, and no limit is exceeded.
            log.warning("pacing.not_told", extra={"reason": str(error)})

    async def _tell_pacer_of(self, window: Window) -> None:
        """Tell the pacer what became of a window's permit, once."""
        if not window.told:
            window.told = True
            outcomes = [it.outcome for it in window.results]
            await self._tell_pacer(window.permit, outcomes)

    async def _settle_and_claim(
        self, sent: Sequence[Result], permit: Permit | None
    ) -> Window | None:
        """Settle what was sent and claim the next window, in one transaction: the common case."""
        size = permit.size if permit else 0
        if not (sent or size):
            return None
        began = boot_time()
        claimed = await self.context.database.transact(
            settle_and_claim.settle_and_claim, self.batch, sent, relay=self.courier.relay, size=size
        )
        if size and claimed.last:
            self.end(Ending.DRAINED)
        if permit is None or not claimed.rows:
            return None
        self.context.observer.claimed(boot_time() - began)
        return self._make_window(claimed.rows, permit)

    async def _claim(self, permit: Permit | None) -> Window | None:
        """Claim the next window the slow way: copies that may not leave are skipped."""
        if permit is None or not self._may_claim():
            return None
        began = boot_time()
        while True:
            claimed = await self.context.database.perform(
                claiming.claim, self.batch, size=permit.size
            )
            if claimed.empty:
                self.end(Ending.DRAINED)
                return None
            if claimed.rows:
                break
        self.context.observer.claimed(boot_time() - began)
        return self._make_window(claimed.tuples, permit)

    def _may_claim(self) -> bool:
        if self._turn_is_over():
            self.end(Ending.TURN)
        if self.ending not in (None, Ending.LIMIT):
            return False
        return self.holding.ours() and self.passage.open

    def _turn_is_over(self) -> bool:
        """Whether the batch has had its turn, and another campaign waits."""
        if boot_time() < self.began + constants.TURN_SECONDS:
            return False
        return bool(self.context.waiting - {self.batch.campaign_id})

    def _make_window(self, rows: Sequence[Claimed], permit: Permit) -> Window:
        """Make a window, with a copy for the courier from each claimed row."""
        pressed = self.pressed
        window = Window(self.holding, pressed.composer, self.notes)
        window.provider, window.permit = self.batch.provider, permit
        marks, key, lists = pressed.links.marks, pressed.token_key, pressed.lists
        # Unpacked by position: this runs for each copy, and access by name costs more.
        for id_, list_id, attempts, person, email, first, last, language, attributes in rows:
            message_id, return_path = marks(id_, key)
            recipient = Recipient(
                id_, person, email, first, last, language, attributes, lists[list_id], message_id
            )
            window.open[id_] = WindowCopy(
                window, recipient, attempts + 1, return_path, needs_smtputf8(email)
            )
        self.windows.append(window)
        return window

    async def _settle(self, window: Window) -> Window | None:
        """Wait for a window's last reply and write the window down; the next window, if any."""
        try:
            await window.done.wait()
            self.slot.pace.mark(len(window.results))
            if any(it.outcome.kind is Kind.SENT for it in window.results):
                self.context.failover.worked(self.courier)
            self.context.settled += len(window.results)
            if window.fault is not None:
                self.end(Ending.JOURNAL, window.fault)
            if window.back and boot_time() >= window.permit.until:
                self.end(Ending.LIMIT)
            # Judged before the next window is claimed: if copies are refused because of the
            # sender, the next ones must not be used up.
            refused = self._judge_window(window)
            began = boot_time()
            following = await self._record(window)
            self.context.observer.settled(window.tries(), boot_time() - began)
            log.debug("delivery.settled", extra=self.names() | {"copies": len(window.results)})
            await self._tell_pacer_of(window)
            if refused := self.unknown or refused:
                await self.context.pause(self.batch.campaign_id, refused)
        finally:
            self.windows.remove(window)
        return following

    async def _record(self, window: Window) -> Window | None:
        """Write a window down and claim the next; while the database is away, try again.

        After the last try the rows stay in work under this lease. A later taking finds them, and
        reads the journal.
        """
        for tried in range(constants.SETTLE_TRIES):
            if self.context.stopping and tried >= constants.STOPPING_TRIES:
                break
            try:
                following = await self._record_once(window)
            except DatabaseAway as error:
                # If only the answer to the commit was lost, no window holds the rows it claimed.
                self.unclear = True
                log.warning("delivery.settle_failed", extra={"reason": str(error)})
                await asyncio.sleep(constants.WATCH_SECONDS)
            except LeaseLost:
                self.end(Ending.LEASE_LOST)
                return None
            else:
                return following
        return None

    async def _record_once(self, window: Window) -> Window | None:
        """Write a window down and claim the next; in one transaction, if no limit holds."""
        accepted = Kind.SENT
        sent = [it for it in window.results if it.outcome.kind is accepted]
        rest = [it for it in window.results if it.outcome.kind is not accepted]
        if rest or window.back:
            # Put back once only: afterwards another window of this lease may claim these rows, and
            # have them on the wire. If the write fails, the journal says "never written".
            back, window.back = window.back, []
            await self._settle_any(rest, back)
        freely = window.permit.grant is None and self.pacer.freely(self.batch.provider)
        at_once = freely and not heard_from(it.outcome for it in rest).slows
        permit = await self._permitted() if at_once else None
        try:
            following = await self._settle_and_claim(sent, permit)
        except NeedsSlowPath:
            await self._settle_any(sent, [])
            following = await self._claim(permit)
        if at_once:
            return following
        # How much this window used, and what the provider said, decides on the next one.
        await self._tell_pacer_of(window)
        return await self._next()

    async def _settle_any(
        self,
        results: Sequence[Result],
        back: Sequence[WindowCopy],
    ) -> None:
        """Settle outcomes of any kind, and write down what came back, in one transaction.

        If answers that call somebody unknown are a burst, the run ends.
        """
        unknown = any(calls_unknown(it.outcome) for it in results)

        def write(session: Session) -> Burst | None:
            terms = rows.lock_campaign(session, self.batch.campaign_id)
            moved = settling.settle(
                session,
                self.batch,
                results,
                relay=self.courier.relay,
                delays=self.pressed.retry_delays,
                now=datetime.now(UTC),
            )
            late = self._take_back(session, back, cancelled=terms.cancelled)
            if late or moved.get(Status.PENDING):
                lifecycle.reopen(session, campaign_id=self.batch.campaign_id)
            return burst(session, self.batch.campaign_id) if unknown else None

        found = await self.context.database.perform(write)
        if found is not None:
            self.unknown = found.tell()
            self.end(Ending.PAUSED)

    def _judge_window(self, window: Window) -> Sentence | None:
        """Why to pause, if many of the latest copies were refused because of the sender."""
        latest = self.pressed.latest
        latest.extend(it.outcome for it in window.results)
        refused = self.pressed.refused_for_us(self.context.policy_pause)
        if refused is None:
            return None
        self.end(Ending.PAUSED)
        latest.clear()
        return refused.tell()

    def _take_back(self, session: Session, back: Sequence[WindowCopy], *, cancelled: bool) -> bool:
        """Put back or skip returned copies; whether a copy had been called uncertain meanwhile."""
        unwanted = {
            copy.delivery_id: copy.stopped or "cancelled"
            for copy in back
            if copy.stopped or cancelled
        }
        waiting = [copy.delivery_id for copy in back if copy.delivery_id not in unwanted]
        if unwanted:
            claiming.skip(session, self.batch, unwanted)
        if waiting:
            return claiming.put_back(session, self.batch, waiting)
        return False
