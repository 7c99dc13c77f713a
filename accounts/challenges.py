"""Challenges for passkeys: random, bound to a browser, and good for one answer."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import tokens
from accounts.models import Challenge, Purpose

LIFE = timedelta(minutes=5)
_BYTES = 32


async def make(
    session: AsyncSession,
    *,
    purpose: Purpose,
    account_id: int | None,
    binding: str,
    now: datetime,
) -> bytes:
    """A new challenge for the browser that keeps the secret `binding`.

    Anybody may ask for one before signing in, so each takes away those that are over.
    """
    await sweep(session, now=now)
    challenge = secrets.token_bytes(_BYTES)
    session.add(
        Challenge(
            hash=hashlib.sha256(challenge).digest(),
            binding=tokens.digest(binding),
            purpose=purpose,
            account_id=account_id,
            until=now + LIFE,
        )
    )
    await session.flush()
    return challenge


async def take(
    session: AsyncSession,
    *,
    challenge: bytes,
    purpose: Purpose,
    account_id: int | None,
    binding: str,
    now: datetime,
) -> bool:
    """Whether this challenge was made for that purpose, account and browser; it is gone then."""
    of_account = (
        Challenge.account_id.is_(None) if account_id is None else Challenge.account_id == account_id
    )
    taken = await session.execute(
        delete(Challenge)
        .where(
            Challenge.hash == hashlib.sha256(challenge).digest(),
            Challenge.binding == tokens.digest(binding),
            Challenge.purpose == purpose,
            of_account,
            Challenge.until > now,
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(taken, CursorResult)
    return taken.rowcount > 0


async def sweep(session: AsyncSession, *, now: datetime) -> int:
    """Delete challenges that nobody answered in time; how many."""
    gone = await session.execute(delete(Challenge).where(Challenge.until <= now))
    assert isinstance(gone, CursorResult)
    return gone.rowcount
