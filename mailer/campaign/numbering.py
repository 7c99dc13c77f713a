"""The numbers of a list's letters."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Campaign, CampaignList
from subscribers import lists


async def next_number(session: AsyncSession, *, list_name: str) -> int:
    """One more than the highest number of a campaign to this list; raises ListError."""
    row = await lists.get(session, list_name)
    highest = await session.scalar(
        select(func.max(Campaign.number))
        .join(CampaignList, CampaignList.campaign_id == Campaign.id)
        .where(CampaignList.list_id == row.id)
    )
    return (highest or 0) + 1
