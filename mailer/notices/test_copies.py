"""Orders test copies of a letter for several people, and tells what became of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.letter.snapshot import Frozen
from mailer.models import Notice, NoticeKind, Status
from mailer.notices import writing
from mailer.notices.queue import NO_RELAY
from pli.errors import PliError
from pli.keys import Keys
from pli.language import N_, Sentence, say
from subscribers.address import Address

MOST = 20
"""Test copies in one order: a letter goes to its readers by a campaign."""


class TestCopyError(PliError):
    """These test copies cannot be ordered."""


@dataclass(frozen=True, slots=True)
class TestCopy:
    """A test copy, and what became of it; `done`: nothing more will become of it soon."""

    id: int
    address: str
    done: bool
    outcome: Sentence


async def order(
    session: AsyncSession,
    *,
    frozen: Frozen,
    list_id: int,
    addresses: Collection[Address],
    keys: Keys,
    now: datetime,
) -> Sequence[int]:
    """Order a copy for each address; the ids of the notices. Raises TestCopyError."""
    if not addresses:
        raise TestCopyError(N_("choose who gets a test copy"))
    if len(addresses) > MOST:
        raise TestCopyError(N_("{n} people at most get test copies at once"), n=MOST)
    return [
        await writing.order_test(
            session, frozen=frozen, list_id=list_id, address=it, keys=keys, now=now
        )
        for it in addresses
    ]


async def outcomes(
    session: AsyncSession, *, ids: Collection[int], addresses: Collection[str]
) -> Sequence[TestCopy]:
    """What became of these test copies, of those to one of these addresses."""
    rows = await session.execute(
        select(
            Notice.id,
            Notice.address,
            Notice.status,
            Notice.reason,
            Notice.attempts,
            Notice.reply_code,
            Notice.reply_text,
        )
        .where(Notice.id.in_(ids), Notice.kind == NoticeKind.TEST, Notice.address.in_(addresses))
        .order_by(Notice.id)
    )
    return [
        TestCopy(
            it.id,
            it.address,
            it.status not in (Status.PENDING, Status.SENDING),
            _told(it.status, it.reason, it.attempts, (it.reply_code, it.reply_text)),
        )
        for it in rows
    ]


def _told(
    status: Status, reason: str | None, attempts: int, reply: tuple[int | None, str | None]
) -> Sentence:
    answer = " ".join(str(it) for it in reply if it)
    match status:
        case Status.SENT:
            return say(N_("sent: look into the mailbox"))
        case Status.SKIPPED:
            return say(N_("not sent: this address is never written to"))
        case Status.UNCERTAIN:
            return say(N_("nobody knows whether it was sent"))
        case Status.FAILED:
            return say(N_("refused: {reply}"), reply=answer)
        case Status.PENDING if reason == NO_RELAY:
            return say(N_("waits: the relay cannot be used ({reply})"), reply=answer)
        case Status.PENDING if attempts:
            return say(N_("waits for a further try: {reply}"), reply=answer)
        case _:
            return say(N_("on its way"))
