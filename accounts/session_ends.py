"""Lists the sessions of an account, and ends them: one, all, or what is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import factors, tokens, trace
from accounts.factors import Factor
from accounts.models import Account, OfficeSession, Stage
from accounts.sessions import IDLE
from pli.actor import Actor
from pli.audit import AuditAction


@dataclass(frozen=True, slots=True)
class Listed:
    """A session as its person sees it in a list."""

    id: int
    browser: str
    made_at: datetime
    seen_at: datetime
    until: datetime
    proved: frozenset[Factor]


async def listed(session: AsyncSession, *, account_id: int, now: datetime) -> Sequence[Listed]:
    """The sessions of an account that are all the way in, the last seen first."""
    rows = await session.scalars(
        select(OfficeSession)
        .where(
            OfficeSession.account_id == account_id,
            OfficeSession.stage == Stage.WHOLE,
            OfficeSession.until > now,
            OfficeSession.seen_at > now - IDLE,
        )
        .order_by(OfficeSession.seen_at.desc(), OfficeSession.id.desc())
    )
    return [
        Listed(it.id, it.browser, it.made_at, it.seen_at, it.until, factors.read(it.factors))
        for it in rows
    ]


async def sign_out(session: AsyncSession, *, cookie: str, now: datetime) -> bool:
    """End the session with this cookie, also one that is half-way; False if there is none."""
    row = (
        await session.execute(
            select(OfficeSession.id, Account.id, Account.name, OfficeSession.stage)
            .join(Account, Account.id == OfficeSession.account_id)
            .where(OfficeSession.secret_hash == tokens.digest(cookie))
        )
    ).one_or_none()
    if row is None:
        return False
    ended = await session.execute(delete(OfficeSession).where(OfficeSession.id == row[0]))
    assert isinstance(ended, CursorResult)
    if ended.rowcount and row.stage is Stage.WHOLE:
        trace.of_account(
            session, AuditAction.SIGNED_OUT, row[1], by=Actor.account(row[1], row[2]), now=now
        )
    return ended.rowcount > 0


async def end(
    session: AsyncSession, *, session_id: int, account_id: int, by: Actor, now: datetime
) -> bool:
    """End one session of an account; False if that account has no such session."""
    ended = await session.execute(
        delete(OfficeSession).where(
            OfficeSession.id == session_id, OfficeSession.account_id == account_id
        )
    )
    assert isinstance(ended, CursorResult)
    if ended.rowcount:
        trace.of_account(session, AuditAction.SESSIONS_ENDED, account_id, by=by, count=1, now=now)
    return ended.rowcount > 0


async def end_all(
    session: AsyncSession,
    *,
    account_id: int,
    but: int | None = None,
    by: Actor,
    now: datetime,
) -> int:
    """End all sessions of an account, except for number `but`; how many there were."""
    ended = await session.execute(
        delete(OfficeSession).where(
            and_(OfficeSession.account_id == account_id, OfficeSession.id != (but or 0))
        )
    )
    assert isinstance(ended, CursorResult)
    if ended.rowcount:
        trace.of_account(
            session, AuditAction.SESSIONS_ENDED, account_id, by=by, count=ended.rowcount, now=now
        )
    return ended.rowcount


async def sweep(session: AsyncSession, *, now: datetime) -> int:
    """Delete what is over or idle; how many sessions that were."""
    gone = await session.execute(
        delete(OfficeSession).where(
            (OfficeSession.until <= now) | (OfficeSession.seen_at <= now - IDLE)
        )
    )
    assert isinstance(gone, CursorResult)
    return gone.rowcount
