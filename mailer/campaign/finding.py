"""Finds a campaign by its id, its lists, and the reason why it is paused."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer import reasons
from mailer.models import Campaign, CampaignList, CampaignState
from pli.errors import PliError
from pli.language import N_, Sentence, as_sentence

UNFINISHED = (
    CampaignState.DRAFT,
    CampaignState.APPROVED,
    CampaignState.SCHEDULED,
    CampaignState.PREPARED,
    CampaignState.RUNNING,
    CampaignState.PAUSED,
)
CHANGEABLE = (CampaignState.DRAFT, CampaignState.APPROVED)
"""What is sent, and to whom, may still be changed."""


class CampaignError(PliError):
    """A campaign does not exist, or its state does not allow what was asked."""


async def find_campaign(session: AsyncSession, campaign_id: int) -> Campaign:
    """The campaign with this id; raises CampaignError if there is none."""
    campaign = await session.get(Campaign, campaign_id)
    if campaign is None:
        raise CampaignError(
            N_('there is no campaign {id}: "pli campaign list" shows them'), id=campaign_id
        )
    return campaign


async def lists_of(session: AsyncSession, *, campaign_id: int) -> Sequence[int]:
    """The ids of a campaign's lists, in the campaign's order."""
    found = await session.execute(
        select(CampaignList.list_id)
        .where(CampaignList.campaign_id == campaign_id)
        .order_by(CampaignList.position)
    )
    return found.scalars().all()


def wrong_state(campaign: Campaign) -> CampaignError:
    """The error that says which state the campaign is in."""
    return CampaignError(
        N_("campaign {id} is {state} by now: nothing was changed"),
        id=campaign.id,
        state=reasons.state(campaign.state),
    )


def changed_meanwhile(campaign_id: int) -> CampaignError:
    """The error for who decides about something that is not what was seen any more."""
    return CampaignError(
        N_("campaign {id} was changed meanwhile: look at it again, then decide"), id=campaign_id
    )


def reason_of(campaign: Campaign) -> Sentence | None:
    """Why a campaign is paused, or does not start by itself."""
    return as_sentence(campaign.reason) if campaign.reason else None
