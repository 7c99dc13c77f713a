"""Reads what became of a notice, a single mail that is no letter."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Notice, Status


@dataclass(frozen=True, slots=True)
class NoticeReport:
    """The status of a notice, and the relay's answer to its last try."""

    address: str
    status: Status
    reason: str | None
    attempts: int
    relay: str | None
    reply_code: int | None
    reply_text: str | None

    @property
    def tried(self) -> bool:
        """Whether the first try is over, or there will be none."""
        if self.status is Status.PENDING:
            return bool(self.attempts or self.reason)
        return self.status is not Status.SENDING


async def report(session: AsyncSession, *, notice_id: int) -> NoticeReport:
    """The report of one notice, which must exist."""
    rows = await session.execute(
        select(
            Notice.address,
            Notice.status,
            Notice.reason,
            Notice.attempts,
            Notice.relay,
            Notice.reply_code,
            Notice.reply_text,
        ).where(Notice.id == notice_id)
    )
    return NoticeReport(*rows.one())
