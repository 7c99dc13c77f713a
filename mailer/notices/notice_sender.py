"""Sends notices, beside the campaigns and before them: no notice waits behind a letter."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import Row

from mailer.ledger.holding import Holding
from mailer.models import NoticeKind, Stage
from mailer.notices import (
    account_mail,
    forward_mail,
    office_mail,
    queue,
    sending_mail,
    trouble_mail,
    writing,
)
from mailer.notices.account_mail import LinkIsOver
from mailer.notices.queue import NOTICE_LEASE, ClaimedNotice
from mailer.notices.writing import Mail
from mailer.outcomes import Kind, Outcome, Result
from mailer.pacing.pacers import Pacers
from mailer.pacing.permits import FREELY, Held, Permit
from mailer.pacing.throttle import Heard
from mailer.providers import WHOLE
from mailer.scope import Scope
from mailer.sender import needs_smtputf8
from mailer.smtp.courier import Courier
from mailer.smtp.failover import RelayFailover
from pli.chores import Again
from pli.clocks import boot_time
from pli.database import Database, DatabaseAway
from pli.keys import Keys
from pli.language import Sentence

log = logging.getLogger("pli.delivery")

AT_ONCE = 20
"""So many notices go out at a time."""
TRIES = 10
AGAIN = timedelta(seconds=30)
"""Time to the next try after the relay, or the database, could not be used."""
SOON = timedelta(seconds=2)
"""Time to the next try while the relay is tried."""
NO_ROOM = timedelta(seconds=5)
"""Time to the next try after the limits of its relay allowed no copy."""


class NoticeCopy:
    """One notice as the courier sees it."""

    def __init__(self, address: str, holding: Holding) -> None:
        self.mail_from = ""
        self.rcpt_to = address
        self.smtputf8 = needs_smtputf8(address)
        self.outcome: Outcome | None = None
        """The outcome of the try; None if the notice was given back."""
        self.trouble: str | None = None
        """What the relay said when it could not be used at all; None if it can be used."""
        self.done = asyncio.Event()
        self.relays: Sequence[str] = ()
        self.courier: Courier | None = None
        """The courier that has the copy, once it is handed over."""
        self.permit = FREELY
        self.no_room = False
        """Whether it comes back because the limits of its relay allowed no copy."""
        self.soon = False
        """Whether it comes back until the relay has been tried, which is done at once."""
        self._pieces: list[bytes] = []
        self._holding = holding

    def filled(self, mail: Mail) -> None:
        """Fill in the composed mail, before the copy is handed over."""
        self.mail_from = mail.return_path
        self.relays = mail.relays
        self._pieces = mail.pieces

    def compose(self) -> list[bytes]:
        """The mail as it goes over the wire."""
        return self._pieces

    def may_leave(self) -> bool:
        """Whether the lease is held, and the permit has not ended."""
        return self._holding.ours() and boot_time() < self.permit.until

    def leaves(self) -> bool:
        """Whether the lease is held. There is no journal: a dead worker's notices are uncertain."""
        return self._holding.ours()

    def settle(self, outcome: Outcome) -> None:
        """Take the outcome of the try."""
        self.outcome = outcome
        self.done.set()

    def give_back(self) -> None:
        """Take the copy back: nothing of it was handed over."""
        self.done.set()


class NoticeSender:
    """Sends the due notices of one database through the engine's own couriers."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        carrier: Courier | RelayFailover,
        pacers: Pacers | None = None,
        *,
        by_mail: bool = False,
    ) -> None:
        self._by_mail = by_mail
        self._database = database
        self._keys = keys
        self._failover = RelayFailover.of(carrier)
        self._pacers = pacers or Pacers(database, self._failover)
        self._in_hand: set[NoticeCopy] = set()
        self._recording: set[asyncio.Task[None]] = set()
        self._hurried: set[int] = set()
        """Ids of notices for which a relay was tried at once."""

    async def send(self, notice_id: int) -> Again | None:
        """Send one notice, if it is due; None if it is over, or when it comes back.

        Returns when what became of it is written down.
        """
        permits = await self._permits()
        if not permits:
            return Again(NO_ROOM.total_seconds())
        lease = secrets.randbits(63)
        holding = Holding()
        holding.renewed(boot_time(), NOTICE_LEASE.total_seconds())
        async with self._database.begin() as session:
            rows = await queue.claim_notices(
                session, lease=lease, limit=1, scope=Scope.of_notice(notice_id)
            )
        used: str | None = None
        for row in rows:
            copy = NoticeCopy(row.address, holding)
            self._in_hand.add(copy)
            recording = asyncio.create_task(self._record(copy, row.id, row.attempts + 1, lease))
            self._recording.add(recording)
            recording.add_done_callback(self._recording.discard)
            await self._compose(copy, row)
            if copy.courier is not None and not copy.done.is_set():
                if (permit := permits.get(copy.courier.relay)) is not None:
                    copy.permit = permit
                    used = copy.courier.relay
                    copy.courier.post([copy], first=True)
                else:
                    copy.no_room = True
                    copy.give_back()
            # Shielded: a chore that is cancelled at the stop leaves no notice without its outcome.
            await asyncio.shield(recording)
        for relay, permit in permits.items():
            with suppress(DatabaseAway):
                await self._pacers.at(relay).tell(WHOLE, permit, Heard(int(relay == used)))
        async with self._database.reading() as session:
            seconds = await queue.due_in(session, notice_id)
        return None if seconds is None else Again(seconds)

    async def _permits(self) -> dict[str, Permit]:
        """The permit of each relay; relays whose limits allow no copy now are left out."""
        found: dict[str, Permit] = {}
        for courier in self._failover.couriers.values():
            permit = await self._pacers.of(courier).permit(WHOLE, 1)
            if not isinstance(permit, Held):
                found[courier.relay] = permit
        return found

    async def _compose(self, copy: NoticeCopy, row: Row[*ClaimedNotice]) -> None:
        """Compose the mail and choose its relay; without either, the notice is settled at once."""
        try:
            copy.filled(await self._composed(row))
        except DatabaseAway:
            copy.give_back()
        except LinkIsOver:
            copy.settle(Outcome(Kind.FAILED, Stage.CONNECT, 0, "its link is over"))
        # Any error in making this mail fails this notice alone.
        except Exception:
            log.exception("notice.not_composed", extra={"notice": row.id})
            copy.settle(Outcome(Kind.FAILED, Stage.CONNECT, 0, "it could not be composed"))
        else:
            copy.courier = self._failover.choose(copy.relays)
            if copy.courier is None:
                if self._failover.waits(copy.relays):
                    self._wait_for_a_relay(copy, row)
                # Without one, its list names no relay of the settings: it waits for a person.
                copy.give_back()

    def trouble(self, courier: Courier, reason: Sentence) -> None:
        """Keep why a relay cannot be used, for notices that no other relay can take."""
        for copy in self._in_hand:
            if copy.courier is courier and self._failover.hindrance(copy.relays):
                copy.trouble = str(reason.values.get("reason", ""))

    async def ended(self) -> None:
        """Wait until what became of everything that was handed over is written down."""
        if self._recording:
            await asyncio.wait(self._recording)

    async def _composed(self, row: Row[*ClaimedNotice]) -> Mail:
        async with self._database.reading() as session:
            if row.kind is NoticeKind.TROUBLE:
                return await trouble_mail.compose(
                    session,
                    notice_id=row.id,
                    address=row.address,
                    content=row.content,
                    keys=self._keys,
                    now=datetime.now(UTC),
                )
            if row.kind is NoticeKind.SENDING:
                return await sending_mail.compose(
                    session,
                    notice_id=row.id,
                    address=row.address,
                    content=row.content,
                    keys=self._keys,
                    now=datetime.now(UTC),
                )
            if row.kind in (NoticeKind.ACCOUNT, NoticeKind.OFFICE):
                compose = (
                    account_mail.compose if row.kind is NoticeKind.ACCOUNT else office_mail.compose
                )
                return compose(
                    notice_id=row.id,
                    address=row.address,
                    content=row.content,
                    keys=self._keys,
                    now=datetime.now(UTC),
                )
            if row.kind is NoticeKind.FORWARD:
                return forward_mail.compose(
                    notice_id=row.id,
                    address=row.address,
                    content=row.content,
                    keys=self._keys,
                    now=datetime.now(UTC),
                )
            return await writing.compose(
                session,
                notice_id=row.id,
                address=row.address,
                address_key=row.address_key,
                content=row.content,
                keys=self._keys,
                by_mail=self._by_mail,
                now=datetime.now(UTC),
            )

    def _wait_for_a_relay(self, copy: NoticeCopy, row: Row[*ClaimedNotice]) -> None:
        """Try a relay at once for a notice that has not waited yet: a person stands behind it."""
        if row.id not in self._hurried:
            self._hurried.add(row.id)
            copy.soon = True
            self._failover.hurry(copy.relays)
        elif reason := self._failover.hindrance(copy.relays):
            copy.trouble = str(reason.values.get("reason", ""))

    def _again(self, copy: NoticeCopy) -> timedelta:
        """How long a returned notice waits: not at all, if another relay can take it."""
        if copy.no_room:
            return NO_ROOM
        if copy.soon:
            return SOON
        passed_over = copy.courier is not None and not self._failover.usable(copy.courier)
        return timedelta() if passed_over and not self._failover.waits(copy.relays) else AGAIN

    async def _record(self, copy: NoticeCopy, notice_id: int, number: int, lease: int) -> None:
        await copy.done.wait()
        self._in_hand.discard(copy)
        if copy.courier and copy.outcome and copy.outcome.kind is Kind.SENT:
            self._failover.worked(copy.courier)
        at = datetime.now(UTC)
        for _ in range(TRIES):
            try:
                async with self._database.begin() as session:
                    if copy.outcome is None:
                        await queue.put_back_notice(
                            session,
                            notice_id,
                            lease=lease,
                            due=at + self._again(copy),
                            relay=copy.courier.relay if copy.courier else "",
                            trouble=copy.trouble,
                        )
                    else:
                        await queue.settle_notice(
                            session,
                            Result(notice_id, number, at.timestamp(), copy.outcome),
                            lease=lease,
                            relay=copy.courier.relay if copy.courier else "",
                        )
                return
            except DatabaseAway as error:
                log.warning("notice.settle_failed", extra={"reason": str(error)})
                await asyncio.sleep(1)
