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
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.intake import mailboxes, taking
from mailer.intake.imap_client import Mailbox, MailboxError, MailboxPlan, MailboxRefusal
from mailer.intake.imap_line import Line
from mailer.intake.imap_reading import Progress
from mailer.intake.taking import Place
from mailer.intake.tallies import Sort
from pli.database import Database, DatabaseAway
from pli.faults import place_of
from pli.language import N_
from pli.work import until

log = logging.getLogger("pli.intake")
Answer = TypeVar("Answer")

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
RENEW_SECONDS = mailboxes.LEASE_SECONDS / 3
"""While mails are fetched, the mailbox is held on to so often."""
STOP_SECONDS = 2.0
"""A process that ends lets an answer come for so long; then the line is cut."""


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
        self._progress = Progress()
        self._stop = asyncio.Event()
        self._line = Line()

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`; a fault is noted, told once, and tried again."""
        self._stop = stop
        while not stop.is_set():
            pause = POLL_SECONDS
            try:
                if await self._hold():
                    await self._session()
                    self._failures = 0
            except MailboxError as error:
                if not stop.is_set():  # else the line was cut
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

    async def _session(self) -> None:
        """One connection, from its greeting until it breaks or the process is to end."""
        self._line = Line()
        box = await self._asked(Mailbox, self._plan, self._context, self._line)
        try:
            while not self._stop.is_set():
                await self.read(box)
                if not await self._hold():
                    return
                await self._wait(box)
        finally:
            await asyncio.to_thread(box.hang_up)

    async def _asked(self, call: Callable[..., Answer], *words: Any) -> Answer:
        """What a call that waits for the server answers; the end of the process cuts the line."""
        asking = asyncio.ensure_future(asyncio.to_thread(call, *words))
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({asking, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not (await asyncio.wait({asking}, timeout=STOP_SECONDS))[0]:
                self._line.cut()
            return await asking
        finally:
            stopping.cancel()

    async def read(self, box: Mailbox) -> int:
        """Take what is new, and file what was acted on; how many mails were new."""
        name = self._plan.name
        async with self._database.reading() as session:
            known, uid = await mailboxes.read_up_to(session, name)
        if known != box.uidvalidity:
            if known is not None:
                log.warning("intake.numbered_anew", extra={"door": name})
            uid = 0
        self._progress.begins(box.uidvalidity)
        since = (datetime.now(UTC) - self._keep).date()
        waiting = await self._asked(box.uids_after, uid, since)
        held = time.monotonic()
        for uids in self._progress.batches(waiting):
            if self._stop.is_set():
                return 0
            if time.monotonic() > held + RENEW_SECONDS:
                if not await self._hold():
                    return 0
                held = time.monotonic()
            await self._take(box, uids)
        await self._file(box)
        async with self._database.begin() as session:
            await mailboxes.seen(session, name)
        return len(waiting)

    async def _take(self, box: Mailbox, uids: Sequence[int]) -> None:
        """Fetch mails, and keep what came of them also if one of them did not."""
        mails: dict[int, bytes | None] = {}
        fault: MailboxError | None = None
        for uid in uids:
            try:
                mails[uid] = await self._asked(box.fetched, uid)
            except MailboxError as error:
                fault = error
                break
        await self._keep_all(box, mails)
        if fault is None:
            return
        uid = uids[len(mails)]
        if not self._stop.is_set() and self._progress.failed(uid):
            await self._pass_over(box, uid)
        raise fault

    async def _keep_all(self, box: Mailbox, mails: Mapping[int, bytes | None]) -> None:
        if not mails:
            return
        now = datetime.now(UTC)
        async with self._database.begin() as session:
            for uid, raw in mails.items():
                if raw is not None:
                    await taking.take(
                        session, raw=raw, came_to="", by=self._plan.name,
                        place=Place(box.uidvalidity, uid), now=now,
                    )  # fmt: skip
            await self._advance(session, box, mails)

    async def _pass_over(self, box: Mailbox, uid: int) -> None:
        """Leave a mail where it lies, which the server did not give out, and note that."""
        log.error("intake.unreadable", extra={"door": self._plan.name, "uid": uid})
        mark = f"unreadable {self._plan.name} {box.uidvalidity} {uid}".encode()
        async with self._database.begin() as session:
            await taking.note(
                session, mark, by=self._plan.name, kind=Sort.UNREADABLE, text=f"UID {uid}",
                now=datetime.now(UTC),
            )  # fmt: skip
            await self._advance(session, box, [uid])

    async def _advance(self, session: AsyncSession, box: Mailbox, uids: Iterable[int]) -> None:
        up_to = self._progress.took(uids)
        await mailboxes.advance(session, self._plan.name, box.uidvalidity, up_to)

    async def _file(self, box: Mailbox) -> bool:
        """Move, mark or delete what was acted on, and note that; whether there was any."""
        async with self._database.reading() as session:
            found = await mailboxes.to_be_filed(session, self._plan.name, box.uidvalidity)
        if not found:
            return False
        await self._asked(box.file, list(found))
        async with self._database.begin() as session:
            await mailboxes.filed(session, list(found.values()))
        return True

    async def _wait(self, box: Mailbox) -> None:
        """Wait until something may have come; meanwhile file what is acted on."""
        if not box.has_idle:
            await self._until(box, POLL_SECONDS, lambda: False)
            return
        await self._asked(box.begins_idle)
        try:
            await self._until(box, IDLE_SECONDS, lambda: box.waits(LOOK_SECONDS))
        finally:
            await self._asked(box.ends_idle)

    async def _until(self, box: Mailbox, seconds: float, told: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        while loop.time() < ends and not self._stop.is_set():
            begun = loop.time()
            if await asyncio.to_thread(told):
                return
            async with self._database.reading() as session:
                if await mailboxes.to_be_filed(session, self._plan.name, box.uidvalidity, limit=1):
                    return
            await until(self._stop, max(0.0, begun + LOOK_SECONDS - loop.time()))


def _fault(name: str, error: Exception) -> MailboxError:
    return MailboxError(
        N_("mailbox {name}: Pli cannot go on ({error}): the log tells at which place"),
        name=name,
        error=type(error).__name__,
    )
