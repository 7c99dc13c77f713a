"""Errands: notices carried beside the campaigns, and before them; none waits behind a letter."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError

from mailer import notices
from mailer.delivery import outbox
from mailer.delivery.couriers import Courier
from mailer.delivery.outbox import NOTICE_LEASE, Result
from mailer.delivery.outcomes import Kind, Outcome
from mailer.delivery.pacing.limits import WHOLE, Plan
from mailer.delivery.pacing.pacer import Pacer
from mailer.delivery.pacing.permits import Held, Permit
from mailer.delivery.pacing.tempers import Heard
from mailer.delivery.windows import Holding, boot_time
from mailer.identity import needs_smtputf8
from mailer.models import Stage
from mailer.notices import Mail
from pli.database import Database
from pli.keys import Keys

log = logging.getLogger("pli.delivery")

AT_ONCE = 20
TRIES = 10
AGAIN = timedelta(seconds=30)
"""After the relay, or the database, could not be used."""
AWAY = (DBAPIError, OSError)
"""What a database that does not answer raises."""


class NoticeCopy:
    """One notice as the courier sees it."""

    def __init__(self, address: str, holding: Holding, permit: Permit) -> None:
        self.mail_from = ""
        self.rcpt_to = address
        self.smtputf8 = needs_smtputf8(address)
        self.outcome: Outcome | None = None
        """What its try came to; None: it was given back."""
        self.done = asyncio.Event()
        self._pieces: list[bytes] = []
        self._holding = holding
        self._permit = permit

    def filled(self, mail: Mail) -> None:
        """With what it says; only then is it handed over."""
        self.mail_from = mail.return_path
        self._pieces = mail.pieces

    def compose(self) -> list[bytes]:
        """The mail as it goes over the wire."""
        return self._pieces

    def may_leave(self) -> bool:
        """As long as it is ours, and no later than is permitted."""
        return self._holding.ours() and boot_time() < self._permit.until

    def leaves(self) -> bool:
        """No journal: of the few notices in hand, those of a dead worker are uncertain."""
        return self._holding.ours()

    def settle(self, outcome: Outcome) -> None:
        """The try is over."""
        self.outcome = outcome
        self.done.set()

    def give_back(self) -> None:
        """Nothing of it was handed over."""
        self.done.set()


class Errands:
    """Carries what is due of one database's notices through the engine's own courier."""

    def __init__(
        self, database: Database, keys: Keys, courier: Courier, pacer: Pacer | None = None
    ) -> None:
        self._database = database
        self._keys = keys
        self._courier = courier
        self._pacer = pacer or Pacer(database, Plan(courier.relay), courier)
        self._running: set[asyncio.Task[None]] = set()

    async def step(self) -> bool:
        """Claim what is due and hand it over; whether there was anything."""
        permit = await self._pacer.permit(WHOLE, AT_ONCE)
        if isinstance(permit, Held):
            return False
        lease = secrets.randbits(63)
        holding = Holding()
        holding.renewed(boot_time(), NOTICE_LEASE.total_seconds())
        async with self._database.begin() as session:
            rows = await outbox.claim_notices(session, lease=lease, limit=permit.size)
        seen: list[asyncio.Task[None]] = []
        for row in rows:
            copy = NoticeCopy(row.address, holding, permit)
            task = asyncio.create_task(self._see_through(copy, row.id, row.attempts + 1, lease))
            self._keep(task)
            seen.append(task)
            try:
                copy.filled(await self._composed(row))
            except AWAY:
                copy.give_back()
            # Whatever a notice holds that cannot be made into a mail: it alone has failed, and
            # the engine with its campaigns goes on.
            except Exception:
                log.exception("notice.not_composed", extra={"notice": row.id})
                copy.settle(Outcome(Kind.FAILED, Stage.CONNECT, 0, "it could not be composed"))
            else:
                self._courier.post([copy], first=True)
        self._keep(asyncio.create_task(self._tell_pacer(permit, seen)))
        return bool(rows)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _tell_pacer(self, permit: Permit, seen: Sequence[asyncio.Task[None]]) -> None:
        """When all have been seen through, what is left of the permit is given back."""
        if seen:
            await asyncio.wait(seen)
        with suppress(*AWAY):
            await self._pacer.tell(WHOLE, permit, Heard(len(seen)))

    async def ended(self) -> None:
        """Until what was handed over is written down."""
        if self._running:
            await asyncio.wait(self._running)

    async def _composed(self, row: Row[int, str, bytes, str, int]) -> Mail:
        async with self._database.reading() as session:
            return await notices.compose(
                session,
                notice_id=row.id,
                address=row.address,
                address_key=row.address_key,
                content=row.content,
                keys=self._keys,
                now=datetime.now(UTC),
            )

    async def _see_through(self, copy: NoticeCopy, notice_id: int, number: int, lease: int) -> None:
        await copy.done.wait()
        at = datetime.now(UTC)
        for _ in range(TRIES):
            try:
                async with self._database.begin() as session:
                    if copy.outcome is None:
                        await outbox.put_back_notice(
                            session, notice_id, lease=lease, due=at + AGAIN
                        )
                    else:
                        await outbox.settle_notice(
                            session,
                            Result(notice_id, number, at, copy.outcome),
                            lease=lease,
                            relay=self._courier.relay,
                        )
                return
            except AWAY as error:
                log.warning("notice.settle_failed", extra={"reason": str(error)})
                await asyncio.sleep(1)
