"""The door that is a mailbox: new mails are fetched, kept, and only then moved, marked or deleted.

Every mail is known by UIDVALIDITY and UID. If a mailbox numbers its mails anew, all are read again,
and the hash of each makes that harmless. What nobody acted on keeps its place and its unread mark:
members' answers come to the same mailbox.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import DBAPIError

from mailer.intake import mailboxes, taking
from mailer.intake.imap_client import Mailbox, MailboxError, MailboxPlan, MailboxRefusal
from mailer.intake.taking import Place
from pli.database import Database, DatabaseAway
from pli.faults import place_of
from pli.language import N_
from pli.work import until

log = logging.getLogger("pli.intake")

TOGETHER = 20
"""Mails that are fetched, and kept in one transaction."""
IDLE_SECONDS = 45.0
"""Then IDLE is renewed: RFC 2177 allows 29 minutes, but a line that died silently is noticed only
by asking. Together with the time for an answer this is a minute."""
LOOK_SECONDS = 1.0
"""Between two looks whether a mail was acted on, or the process is to end."""
POLL_SECONDS = 30.0
"""Between two looks into a mailbox without IDLE."""
AGAIN = (5.0, 15.0, 60.0, 300.0)
"""Before each further try after a fault; the last of them again and again."""
REFUSED_SECONDS = 600.0
"""After a refusal: servers shut out who tries a wrong password too often."""


class ImapDoor:
    """Reads one mailbox until it is told to stop."""

    def __init__(
        self,
        database: Database,
        plan: MailboxPlan,
        *,
        keep_days: int,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """`keep_days`: older mails are not fetched; of those nothing tells whether they were."""
        self._database = database
        self._plan = plan
        self._keep = timedelta(days=keep_days)
        self._context = context
        self._holder = secrets.randbits(62)
        self._failures = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`; a fault is noted, told once, and tried again."""
        while not stop.is_set():
            pause = POLL_SECONDS
            try:
                if await self._hold():
                    await self._session(stop)
                    self._failures = 0
            except MailboxError as error:
                pause = await self._failed(error)
            except DatabaseAway:
                log.warning("intake.no_database", extra={"door": self._plan.name})
                pause = AGAIN[0]
            # A fault of ours, or an answer that no server should give: a door that ended here
            # would be missed by nobody.
            except Exception as error:
                log.error(
                    "intake.door_fault",
                    extra={
                        "door": self._plan.name,
                        "error": type(error).__name__,
                        "at": place_of(error),
                    },
                )
                pause = await self._failed(_fault(self._plan.name, error))
            await until(stop, pause)
        try:
            async with self._database.begin() as session:
                await mailboxes.let_go(session, self._plan.name, self._holder)
        except DatabaseAway:
            pass  # the lease ends by itself

    async def _hold(self) -> bool:
        async with self._database.begin() as session:
            return await mailboxes.hold(session, self._plan.name, self._holder)

    async def _failed(self, error: MailboxError) -> float:
        """Note a fault; how long to wait before the next try."""
        pause = AGAIN[min(self._failures, len(AGAIN) - 1)]
        if isinstance(error, MailboxRefusal):
            pause = REFUSED_SECONDS
        if not self._failures:
            log.warning("intake.mailbox_failed", extra={"door": self._plan.name})
        self._failures += 1
        try:
            async with self._database.begin() as session:
                await mailboxes.failed(session, self._plan.name, error.sentences[0])
        except (DatabaseAway, DBAPIError):
            pass  # it is noted at the next try
        return pause

    async def _session(self, stop: asyncio.Event) -> None:
        """One connection, from its greeting until it breaks or `stop` comes."""
        box = await asyncio.to_thread(Mailbox, self._plan, self._context)
        try:
            while not stop.is_set():
                await self.read(box)
                if not await self._hold():
                    return
                await self._wait(box, stop)
        finally:
            await asyncio.to_thread(box.hang_up)

    async def read(self, box: Mailbox) -> int:
        """Take what is new, and file what was acted on; how many mails were new."""
        name = self._plan.name
        async with self._database.begin() as session:
            known, uid = await mailboxes.read_up_to(session, name)
            await mailboxes.seen(session, name)
        if known != box.uidvalidity:
            if known is not None:
                log.warning("intake.numbered_anew", extra={"door": name})
            uid = 0
        since = (datetime.now(UTC) - self._keep).date()
        waiting = await asyncio.to_thread(box.uids_after, uid, since)
        for begin in range(0, len(waiting), TOGETHER):
            await self._take(box, waiting[begin : begin + TOGETHER])
        await self._file(box)
        return len(waiting)

    async def _take(self, box: Mailbox, uids: Sequence[int]) -> None:
        mails = await asyncio.to_thread(lambda: list(box.fetched(uids)))
        async with self._database.begin() as session:
            for uid, raw in mails:
                place = Place(box.uidvalidity, uid)
                await taking.take(
                    session, raw=raw, came_to="", by=self._plan.name, place=place,
                    now=datetime.now(UTC),
                )  # fmt: skip
            await mailboxes.advance(session, self._plan.name, box.uidvalidity, uids[-1])

    async def _file(self, box: Mailbox) -> bool:
        """Move, mark or delete what was acted on, and note that; whether there was any."""
        async with self._database.reading() as session:
            found = await mailboxes.to_be_filed(session, self._plan.name, box.uidvalidity)
        if not found:
            return False
        await asyncio.to_thread(box.file, list(found))
        async with self._database.begin() as session:
            await mailboxes.filed(session, list(found.values()))
        return True

    async def _wait(self, box: Mailbox, stop: asyncio.Event) -> None:
        """Wait until something may have come; meanwhile file what is acted on."""
        if not box.has_idle:
            await self._until(box, stop, POLL_SECONDS, lambda: False)
            return
        await asyncio.to_thread(box.begins_idle)
        try:
            await self._until(box, stop, IDLE_SECONDS, lambda: box.waits(LOOK_SECONDS))
        finally:
            await asyncio.to_thread(box.ends_idle)

    async def _until(
        self, box: Mailbox, stop: asyncio.Event, seconds: float, told: Callable[[], bool]
    ) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        while loop.time() < ends and not stop.is_set():
            begun = loop.time()
            if await asyncio.to_thread(told):
                return
            async with self._database.reading() as session:
                if await mailboxes.to_be_filed(session, self._plan.name, box.uidvalidity, limit=1):
                    return
            await until(stop, max(0.0, begun + LOOK_SECONDS - loop.time()))


def _fault(name: str, error: Exception) -> MailboxError:
    return MailboxError(
        N_("mailbox {name}: Pli cannot go on ({error}): the log tells at which place"),
        name=name,
        error=type(error).__name__,
    )
