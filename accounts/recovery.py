"""Recovery codes: ten for a lost device, shown once, each of them works once."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import tokens, trace
from accounts.models import Account, RecoveryCode
from pli.actor import Actor
from pli.audit import AuditAction

HOW_MANY = 10
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 letters and digits that nobody takes for one another: five bits each, 80 a code."""
_LENGTH = 16


async def make(session: AsyncSession, *, account_id: int, by: Actor, now: datetime) -> list[str]:
    """Ten new codes, to be shown once; all older codes of the account are dead."""
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(HOW_MANY)]
    # Two sets made at once would both stay: the account's row lets one go after the other.
    await session.execute(select(Account.id).where(Account.id == account_id).with_for_update())
    await end_all(session, account_id=account_id)
    await session.execute(
        insert(RecoveryCode),
        [{"account_id": account_id, "hash": _hash(account_id, code)} for code in codes],
    )
    trace.of_account(
        session,
        AuditAction.CODES_MADE,
        account_id,
        by=by,
        count=len(codes),
        now=now,
    )
    return ["-".join(code[at : at + 4] for at in range(0, _LENGTH, 4)) for code in codes]


async def take(
    session: AsyncSession, *, account_id: int, code: str, by: Actor, now: datetime
) -> bool:
    """Whether a code is right; it is used then, and is never right again."""
    if len(code) > tokens.LONGEST:
        return False
    bare = "".join(it for it in code.casefold() if it in _LETTERS)
    taken = await session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account_id,
            RecoveryCode.hash == _hash(account_id, bare),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
    assert isinstance(taken, CursorResult)
    if not taken.rowcount:
        return False
    trace.of_account(
        session,
        AuditAction.CODE_USED,
        account_id,
        by=by,
        count=await left(session, account_id=account_id),
        now=now,
    )
    return True


async def left(session: AsyncSession, *, account_id: int) -> int:
    """How many codes of an account still work."""
    return (
        await session.scalar(
            select(func.count())
            .select_from(RecoveryCode)
            .where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
        )
        or 0
    )


async def end_all(session: AsyncSession, *, account_id: int) -> None:
    """Let no code of an account work any more."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))


def _hash(account_id: int, bare: str) -> bytes:
    return tokens.digest(f"{account_id} {bare}")
