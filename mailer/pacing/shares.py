"""Shares: how many of the connections and copies a second that workers divide each worker has.

Shares are leased rows, renewed with each beat. This module is their only writer. A dead worker's
share goes to the others when its lease has lapsed, or when a worker can prove the death.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Share
from mailer.pacing.limits import Limits
from mailer.pacing.sharing import fair, to_hold
from pli.columns import SQLITE, clock

LEASE_SECONDS = 30.0
PUT_DOWN_SECONDS = 2.0
"""The lease of a worker that has ended; after it, its copies a second are free."""
LONGEST_SECONDS = 60.0
"""A lease that ends further ahead than this has lapsed: the clock was set back."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one worker has of a shared limit."""

    connections: int = 0
    per_second: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a worker asks for, what it may still be using, and its speed in copies a second."""

    provider: str
    limits: Limits
    in_use: Part
    wanted: bool
    rate: float = 0.0


async def lock(session: AsyncSession, relay: str) -> None:
    """Let one worker at a time renew a relay's shares; SQLite's transactions do so anyway."""
    if session.get_bind().dialect.name != SQLITE:
        await session.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(f"pli.shares.{relay}", 0)))
        )


async def renew(session: AsyncSession, relay: str, holder: int, asked: Asked) -> tuple[Part, Part]:
    """Renew a worker's shares; returns what it may use from now on, and what its row keeps.

    The row keeps what is still in use, until the next beat.
    """
    rows = (
        await session.scalars(
            select(Share).where(Share.relay == relay, Share.provider == asked.provider)
        )
    ).all()
    others = [it for it in rows if it.holder != holder]
    mine = next((it for it in rows if it.holder == holder), None)
    if not asked.wanted and asked.in_use == Part():
        if mine is not None:
            await session.delete(mine)
        return Part(), Part()
    holders = [it.holder for it in others]
    due = Part()
    if asked.wanted:
        due = Part(
            _fair(asked.limits.connections, holders, holder),
            _fair(asked.limits.per_second, holders, holder),
        )
    kept = Part(
        _held(asked.limits.connections, due.connections, others, "connections", asked.in_use),
        _held(asked.limits.per_second, due.per_second, others, "per_second", asked.in_use),
    )
    lease_until = (await session.execute(select(clock(LEASE_SECONDS)))).scalar_one()
    if mine is None:
        mine = Share(relay=relay, provider=asked.provider, holder=holder)
        session.add(mine)
    mine.connections, mine.per_second = kept.connections, kept.per_second
    mine.rate = asked.rate
    mine.lease_until = lease_until
    await session.flush()
    return Part(min(due.connections, kept.connections), min(due.per_second, kept.per_second)), kept


async def sweep(session: AsyncSession, relay: str) -> None:
    """Delete lapsed shares."""
    await session.execute(
        delete(Share).where(
            Share.relay == relay,
            (Share.lease_until < clock()) | (Share.lease_until > clock(LONGEST_SECONDS)),
        )
    )


async def leave(session: AsyncSession, holders: Collection[int]) -> None:
    """Free the connections of workers that have ended, or are proved dead.

    Their copies a second stay taken for `PUT_DOWN_SECONDS`: what they sent a moment ago lies in
    the second that others count.
    """
    theirs = Share.holder.in_(holders)
    await session.execute(delete(Share).where(theirs, Share.per_second == 0))
    await session.execute(
        update(Share)
        .where(theirs)
        .values(connections=0, rate=0.0, lease_until=clock(PUT_DOWN_SECONDS))
        .execution_options(synchronize_session=False)
    )


async def end_shares(session: AsyncSession) -> None:
    """Delete all shares; only for a caller with proof that no other engine lives (`pli.lock`)."""
    await session.execute(delete(Share))


def _fair(limit: int | None, holders: Sequence[int], me: int) -> int:
    return fair(limit, holders, me) if limit is not None else 0


def _held(limit: int | None, due: int, others: Sequence[Share], name: str, in_use: Part) -> int:
    if limit is None:
        return 0
    taken = sum(getattr(it, name) for it in others)
    return to_hold(limit, fair=due, others=taken, in_use=getattr(in_use, name))
