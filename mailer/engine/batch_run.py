"""A batch run: one leased batch, whose windows are claimed, carried and settled.

No transaction is open while the network talks: claim and commit, talk, settle and commit. A few
windows of a slot are unsettled at once; they overlap, so that the wire never waits for the
database, and each opens the next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy.orm import Session

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
from mailer.outcomes import Kind, Outcome, Result
from mailer.pacing.pacer import Pacer
from mailer.pacing.permits import Held, Permit
from mailer.pacing.throttle import heard_from
from mailer.recipient import Recipient
from mailer.sender import needs_smtputf8
from mailer.smtp.courier import Courier
from pli.clocks import boot_time
from pli.database import DatabaseAway
from pli.language import N_, Sentence, say

log = logging.getLogger("pli.delivery")


@dataclass(slots=True, eq=False)
class BatchRun:
    """One run of one leased batch."""

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
    """Why it claims nothing more; only `end` sets it."""
    cause: Exception | None = None
    """The error that ended it, with JOURNAL and FAULT."""
    held: Held | None = None
    """What its limits last answered, if they left no room."""
    unclear: bool = False
    """Whether rows may be ours that no window holds: then the journal tells of them."""
    began: float = field(default_factory=boot_time)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    windows: list[Window] = field(default_factory=list)
    settling: set[asyncio.Task[None]] = field(default_factory=set)

    def end(self, ending: Ending, cause: Exception | None = None) -> None:
        """Claim nothing more; the graver of two endings counts."""
        if self.ending is None or ending > self.ending:
            self.ending, self.cause = ending, cause

    @property
    def over(self) -> bool:
        """Whether its copies that are on no wire yet come back."""
        return self.ending is not None and self.ending.calls_back

    def names(self) -> dict[str, int]:
        """What logs call it by."""
        return {"campaign": self.batch.campaign_id, "batch": self.batch.id}

    def waiting(self) -> dict[int, WindowCopy]:
        """The copies that are claimed and not yet settled."""
        return {id_: copy for window in self.windows for id_, copy in window.open.items()}

    def recall(self) -> None:
        """Call back those of its copies that are on no wire yet."""
        self.courier.recall(
            lambda copy: isinstance(copy, WindowCopy) and copy.holding is self.holding
        )

    async def carry(self) -> None:
        """Open windows until as many are in work as may be; each then opens its next one."""
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
            task = asyncio.create_task(self._see_through(window))
            self.settling.add(task)
            task.add_done_callback(self.settling.discard)

    async def _see_through(self, first: Window) -> None:
        """Carry a window and settle it, and so on with the one that was claimed with that."""
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
            # The next window may be claimed, and nobody carries it: the journal is to say so.
            self.unclear = True
            self.end(Ending.FAULT, error)
        finally:
            self.slot.windows.release()

    async def _next(self) -> Window | None:
        """A window to carry; None if nothing of the batch is due any more, or it must rest."""
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
        """How large the next window may be; None: nothing may leave now."""
        if not self._goes_on():
            return None
        permit = await self.pacer.permit(self.batch.provider, self.slot.pace.window())
        if isinstance(permit, Held):
            self.held = permit
            self.end(Ending.LIMIT)
            return None
        self.held = None
        return permit

    async def _tell_pacer(self, permit: Permit, outcomes: Sequence[Outcome]) -> None:
        """What became of what was permitted, and how the provider took it."""
        try:
            await self.pacer.tell(self.batch.provider, permit, heard_from(outcomes))
        except DatabaseAway as error:
            # It counts as used at the last moment it could have been: too late, never too much.
            log.warning("pacing.not_told", extra={"reason": str(error)})

    async def _tell_of(self, window: Window) -> None:
        """What became of a window's permit, once."""
        if not window.told:
            window.told = True
            outcomes = [it.outcome for it in window.results]
            await self._tell_pacer(window.permit, outcomes)

    async def _settle_and_claim(
        self, sent: Sequence[Result], permit: Permit | None
    ) -> Window | None:
        """The common case: what was sent is settled and the next window claimed, at once."""
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
        return self._opened(claimed.rows, permit)

    async def _claim(self, permit: Permit | None) -> Window | None:
        """The same with whatever stands in the way: copies are skipped, with the reason."""
        if permit is None or not self._goes_on():
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
        return self._opened(claimed.tuples, permit)

    def _goes_on(self) -> bool:
        if self._makes_room():
            self.end(Ending.TURN)
        if self.ending not in (None, Ending.LIMIT):
            return False
        return self.holding.ours() and self.passage.open

    def _makes_room(self) -> bool:
        """Whether it has had its turn, and another campaign waits for one."""
        if boot_time() < self.began + constants.TURN_SECONDS:
            return False
        return bool(self.context.waiting - {self.batch.campaign_id})

    def _opened(self, rows: Sequence[Claimed], permit: Permit) -> Window:
        """What was claimed, as copies for the courier."""
        pressed = self.pressed
        window = Window(self.holding, pressed.composer, self.notes)
        window.provider, window.permit = self.batch.provider, permit
        marks, key, lists = pressed.links.marks, pressed.token_key, pressed.lists
        # By their order: for each copy, names would cost more than what is in them.
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
        """Wait for a window's last reply and write it all down; the next window, if any."""
        try:
            await window.done.wait()
            self.slot.pace.mark(len(window.results))
            self.context.settled += len(window.results)
            if window.fault is not None:
                self.end(Ending.JOURNAL, window.fault)
            if window.back and boot_time() >= window.permit.until:
                self.end(Ending.LIMIT)
            # Before the next one is claimed with it: what is refused for what we are must not burn.
            refused = self._judge_window(window)
            began = boot_time()
            following = await self._record(window)
            self.context.observer.settled(window.tries(), boot_time() - began)
            log.debug("delivery.settled", extra=self.names() | {"copies": len(window.results)})
            await self._tell_of(window)
            if refused is not None:
                await self.context.pause(self.batch.campaign_id, refused)
        finally:
            self.windows.remove(window)
        return following

    async def _record(self, window: Window) -> Window | None:
        """Write a window down and claim the next; a database that is away is waited for.

        Given up, the rows stay in work under this lease: they will be found, and the journal read.
        """
        for tried in range(constants.SETTLE_TRIES):
            if self.context.stopping and tried >= constants.STOPPING_TRIES:
                break
            try:
                following = await self._written(window)
            except DatabaseAway as error:
                # What was claimed by a commit whose answer was lost is nobody's.
                self.unclear = True
                log.warning("delivery.settle_failed", extra={"reason": str(error)})
                await asyncio.sleep(constants.WATCH_SECONDS)
            except LeaseLost:
                self.end(Ending.LEASE_LOST)
                return None
            else:
                return following
        return None

    async def _written(self, window: Window) -> Window | None:
        """Write a window down and claim the next: at once, where no limit has to be asked."""
        accepted = Kind.SENT
        sent = [it for it in window.results if it.outcome.kind is accepted]
        rest = [it for it in window.results if it.outcome.kind is not accepted]
        if rest or window.back:
            # Once: put back, they may be claimed by another window of this very lease, and on the
            # wire. Should it not be written, the journal tells that they never were.
            back, window.back = window.back, []
            await self._settle_any(rest, back)
        freely = window.permit.grant is None and self.pacer.freely(self.batch.provider)
        at_once = freely and not heard_from(it.outcome for it in rest).weight
        permit = await self._permitted() if at_once else None
        try:
            following = await self._settle_and_claim(sent, permit)
        except NeedsSlowPath:
            await self._settle_any(sent, [])
            following = await self._claim(permit)
        if at_once:
            return following
        # What it used, and what was said of it, decides on the next.
        await self._tell_of(window)
        return await self._next()

    async def _settle_any(self, results: Sequence[Result], back: Sequence[WindowCopy]) -> None:
        """Whatever became of copies, and what came back: in one transaction."""

        def write(session: Session) -> None:
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

        await self.context.database.perform(write)

    def _judge_window(self, window: Window) -> Sentence | None:
        """Why to pause: many of the latest copies were refused for what we are, not for whom."""
        latest = self.pressed.latest
        latest.extend(it.outcome for it in window.results)
        refused = self.pressed.refused_for_us(self.context.policy_pause)
        if not refused:
            return None
        self.end(Ending.PAUSED)
        reason = say(
            N_("{n} of the last {total} copies were refused for what we are: {code} {text}"),
            n=len(refused),
            total=len(latest),
            code=refused[-1].code,
            text=refused[-1].text,
        )
        latest.clear()
        return reason

    def _take_back(self, session: Session, back: Sequence[WindowCopy], *, cancelled: bool) -> bool:
        """Write down what came back; whether some of it had been called uncertain meanwhile."""
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
