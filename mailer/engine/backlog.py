"""Counts the copies that wait, over all workers, from the batches that have copies left."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Batch, Campaign, CampaignState, is_open
from pli.columns import clock

SHOWN = (CampaignState.RUNNING, CampaignState.PAUSED)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Copies that wait or are in work, and the campaigns that they belong to.

    `pending` and `sending` count copies of running campaigns; `paused` counts the pending copies
    of paused campaigns. `oldest_due`: for how many seconds the batch that is due longest has
    waited. `campaigns` counts the running and the paused campaigns.
    """

    pending: int
    sending: int
    paused: int
    oldest_due: float
    campaigns: dict[CampaignState, int]


async def backlog(session: AsyncSession) -> Backlog:
    """Count the backlog now, by the database's clock."""
    # A new batch is due since the day before (`candidates.write`): count from the start instead.
    since = case((Batch.due_at < Campaign.started_at, Campaign.started_at), else_=Batch.due_at)
    due_at = func.min(case((Batch.pending > 0, since)))
    rows = await session.execute(
        select(Campaign.state, func.sum(Batch.pending), func.sum(Batch.sending), due_at, clock())
        .join(Batch, Batch.campaign_id == Campaign.id)
        .where(is_open(), Campaign.state.in_(SHOWN))
        .group_by(Campaign.state)
    )
    waiting = {row[0]: row[1:] for row in rows}
    states = await session.execute(
        select(Campaign.state, func.count())
        .where(Campaign.state.in_(SHOWN))
        .group_by(Campaign.state)
    )
    pending, sending, oldest, now = waiting.get(CampaignState.RUNNING, (0, 0, None, None))
    return Backlog(
        pending=pending,
        sending=sending,
        paused=waiting.get(CampaignState.PAUSED, (0,))[0],
        oldest_due=max(0.0, (now - oldest).total_seconds()) if oldest and now else 0.0,
        campaigns=dict.fromkeys(SHOWN, 0) | {row[0]: row[1] for row in states},
    )
