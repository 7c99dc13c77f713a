"""Finds the letter that the public page /l/LIST/NUMBER shows, as it was frozen."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.letter.letter import Letter
from mailer.letter.snapshot import thaw
from mailer.letter.theme import Theme
from mailer.models import Campaign, CampaignList
from mailer.recipient import ListLine
from mailer.sender import Identity
from subscribers.models import List

LARGEST_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class PublishedLetter:
    """A letter for the web: its campaign, the hash of all that was frozen, and the list."""

    campaign_id: int
    frozen_hash: str
    list: ListLine


async def published(
    session: AsyncSession, *, list_name: str, number: int
) -> PublishedLetter | None:
    """The letter of the latest campaign with this number that was started for this list.

    None if there was no such campaign.
    """
    if number > LARGEST_NUMBER:
        return None
    row = (
        await session.execute(
            select(Campaign.id, Campaign.frozen_hash, List.id, List.name, List.title)
            .join(CampaignList, CampaignList.campaign_id == Campaign.id)
            .join(List, List.id == CampaignList.list_id)
            .where(
                List.name == list_name,
                Campaign.number == number,
                Campaign.started_at.is_not(None),
            )
            .order_by(Campaign.id.desc())
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        return None
    campaign_id, frozen_hash, list_id, name, title = row
    return PublishedLetter(campaign_id, frozen_hash, ListLine(list_id, name, title))


async def frozen_letter(
    session: AsyncSession, *, campaign_id: int
) -> tuple[Letter, Theme, Identity]:
    """The letter, theme and sender that a campaign froze; the campaign must exist."""
    frozen = await session.execute(select(Campaign.frozen).where(Campaign.id == campaign_id))
    return thaw(frozen.scalar_one())
