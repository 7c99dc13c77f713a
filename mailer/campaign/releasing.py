"""Lets a campaign go, now or at an hour, and stops it before its first copy."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import null
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import list_lock, ordering
from mailer.campaign.finding import (
    CampaignError,
    changed_meanwhile,
    find_campaign,
    lists_of,
    wrong_state,
)
from mailer.campaign.following_drafts import follow
from mailer.campaign.lifecycle import refuse_unseen
from mailer.campaign.sending_hours import SendingHours, refuse_an_end_before
from mailer.campaign.trace import record
from mailer.campaign.transition import step, take_step
from mailer.draft_models import DraftState
from mailer.models import Campaign, CampaignState
from pli import actor
from pli.actor import Actor
from pli.audit import AuditAction
from pli.language import N_

FARTHEST = timedelta(days=366)


async def release(
    session: AsyncSession,
    *,
    campaign_id: int,
    at: datetime,
    zone: str,
    number: int,
    seen_hash: str,
    second_person: bool = False,
    by: Actor,
    now: datetime,
) -> None:
    """Let a draft or an approved campaign go at an hour: now, after the minute to think, or later.

    `number` is for how many people it is as things stand; `launch` compares. `seen_hash` is what
    the person saw who lets it go. Done once: whoever is second is told by whom it was done.
    """
    refuse_far(at, now)
    # The lists before the campaign, as everywhere: nobody else prepares the same letter meanwhile.
    await list_lock.lock_lists(session, await lists_of(session, campaign_id=campaign_id))
    campaign = await find_campaign(session, campaign_id)
    refuse_an_end_before(at, SendingHours.of(campaign), campaign_id=campaign_id)
    done = await take_step(
        session,
        campaign_id,
        (CampaignState.DRAFT, CampaignState.APPROVED),
        CampaignState.SCHEDULED,
        Campaign.frozen_hash == seen_hash,
        scheduled_at=at,
        scheduled_zone=zone,
        released_by=by.text,
        released_at=now,
        released_count=number,
        reason=null(),
    )
    await session.refresh(campaign)
    if not done:
        raise _not_released(campaign)
    # After the step: two who press at once must hear of each other, not of an approval.
    refuse_unseen(campaign, second_person)
    await ordering.refuse_a_double(session, campaign)
    record(session, AuditAction.RELEASED, campaign_id, by=by, count=number, now=now)
    await follow(session, campaign, DraftState.RELEASED, by=by, now=now)


def refuse_far(at: datetime, now: datetime) -> None:
    """Refuse an hour so far ahead that its year must be wrong."""
    if at > now + FARTHEST:
        raise CampaignError(N_("that hour is more than a year ahead: is the year right?"))


def refuse_released(campaign: Campaign) -> None:
    """Refuse early what is no draft any more: who released it is told, or its state."""
    if campaign.state not in (CampaignState.DRAFT, CampaignState.APPROVED):
        raise _not_released(campaign)


def _not_released(campaign: Campaign) -> CampaignError:
    if campaign.state in (CampaignState.DRAFT, CampaignState.APPROVED):
        return changed_meanwhile(campaign.id)
    if campaign.released_by and campaign.state in _RELEASED:
        return CampaignError(
            N_("{name} has released campaign {id} already: there is one sending of it"),
            name=actor.kept(campaign.released_by).name,
            id=campaign.id,
        )
    return wrong_state(campaign)


_RELEASED = (CampaignState.SCHEDULED, CampaignState.PREPARED, CampaignState.RUNNING)


async def unschedule(session: AsyncSession, *, campaign_id: int, by: Actor, now: datetime) -> None:
    """Stop a scheduled campaign before its first copy: it is a draft, or approved, as before."""
    campaign = await find_campaign(session, campaign_id)
    await session.refresh(campaign, with_for_update=True)
    before = CampaignState.APPROVED if campaign.approved_hash else CampaignState.DRAFT
    await step(
        session,
        campaign_id,
        (CampaignState.SCHEDULED,),
        before,
        scheduled_at=null(),
        scheduled_zone=null(),
        released_by=null(),
        released_at=null(),
        released_count=null(),
        reason=null(),
    )
    record(session, AuditAction.RELEASE_STOPPED, campaign_id, by=by, now=now)
    await follow(session, campaign, DraftState.IN_REVIEW, by=by, now=now)
