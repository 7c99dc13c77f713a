"""Addresses that a campaign's answers barred, or did not: what a person decides for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.finding import find_campaign
from mailer.ledger import unknown_users
from pli.actor import NOBODY, Actor
from subscribers import optout


@dataclass(frozen=True, slots=True)
class Undecided:
    """A burst that paused a campaign: so many would be barred if its answers were believed."""

    would_be_barred: int


async def undecided(session: AsyncSession, *, campaign_id: int) -> Undecided | None:
    """What a person must decide before a campaign goes on; None: its answers were no burst."""
    if not await session.run_sync(unknown_users.undecided, campaign_id):
        return None
    return Undecided(await session.run_sync(unknown_users.waiting, campaign_id))


async def believe(
    session: AsyncSession, *, campaign_id: int, by: Actor = NOBODY, now: datetime
) -> int:
    """Suppress the addresses that a burst called unknown: it was right; how many."""
    await _lock(session, campaign_id)
    return await session.run_sync(unknown_users.bar, campaign_id, now, by)


async def suppress(
    session: AsyncSession,
    *,
    campaign_id: int,
    reply: str = "",
    by: Actor = NOBODY,
    now: datetime,
) -> int:
    """Suppress all addresses that a campaign's relay refused with 5.1.1; how many that changed.

    `reply` narrows them to those whose answer matches it (ledger/answers.py).
    """
    await _lock(session, campaign_id)
    return await session.run_sync(
        unknown_users.bar_all, campaign_id=campaign_id, reply=reply, by=by, now=now
    )


async def lift(
    session: AsyncSession,
    *,
    campaign_id: int,
    reply: str = "",
    by: Actor = NOBODY,
    now: datetime,
) -> int:
    """Write again to the addresses that were suppressed by an answer in a campaign; how many.

    Complaints and objections stay, and so does what a person entered.
    """
    await _lock(session, campaign_id)
    return await optout.lift_many(
        session,
        address_keys=unknown_users.refused_as_unknown(campaign_id, reply),
        source=unknown_users.SOURCE,
        by=by,
        now=now,
    )


async def barred_among_failed(session: AsyncSession, *, campaign_id: int, reply: str = "") -> int:
    """How many failed copies go to addresses that an answer suppressed."""
    return await unknown_users.barred_among_failed(session, campaign_id, reply)


async def _lock(session: AsyncSession, campaign_id: int) -> None:
    """Lock a campaign before any address, as those do who finish it or settle its copies."""
    campaign = await find_campaign(session, campaign_id)
    await session.refresh(campaign, with_for_update=True)
