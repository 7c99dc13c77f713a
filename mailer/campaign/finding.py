"""A campaign as it stands: one by its number, its lists, and why it is paused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer import reasons
from mailer.models import Campaign, CampaignList, CampaignState
from pli.errors import PliError
from pli.language import N_, Sentence

UNFINISHED = (
    CampaignState.DRAFT,
    CampaignState.APPROVED,
    CampaignState.SCHEDULED,
    CampaignState.PREPARED,
    CampaignState.RUNNING,
    CampaignState.PAUSED,
)


class CampaignError(PliError):
    """The campaign is not in a state for that, or there is none."""


async def find_campaign(session: AsyncSession, campaign_id: int) -> Campaign:
    """One campaign, or an error that says there is none."""
    campaign = await session.get(Campaign, campaign_id)
    if campaign is None:
        raise CampaignError(
            N_('there is no campaign {id}: "pli campaign list" shows them'), id=campaign_id
        )
    return campaign


async def lists_of(session: AsyncSession, *, campaign_id: int) -> Sequence[int]:
    """The ids of a campaign's lists, in its order."""
    found = await session.execute(
        select(CampaignList.list_id)
        .where(CampaignList.campaign_id == campaign_id)
        .order_by(CampaignList.position)
    )
    return found.scalars().all()


def wrong_state(campaign: Campaign) -> CampaignError:
    """The refusal that names the state the campaign is in."""
    return CampaignError(
        N_('campaign {id} is {state}: see "pli campaign show {id}"'),
        id=campaign.id,
        state=reasons.state(campaign.state),
    )


def reason_of(campaign: Campaign) -> Sentence | None:
    """Why a campaign is paused, or does not start by itself."""
    return as_sentence(campaign.reason) if campaign.reason else None


def as_sentence(kept: Mapping[str, Any]) -> Sentence:
    """A reason as it is kept, to be told."""
    values = {
        name: as_sentence(value) if isinstance(value, dict) else value
        for name, value in kept["values"].items()
    }
    return Sentence(kept["text"], values, kept.get("plural"))
