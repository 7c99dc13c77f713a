"""What is frozen of a campaign: letter, theme, sender, and whom it is for; also frozen anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import approvals
from mailer.campaign.addressees import NOBODY_ASIDE, Addressees, Aside
from mailer.campaign.finding import CHANGEABLE, changed_meanwhile, find_campaign, wrong_state
from mailer.campaign.sending_hours import ALWAYS, SendingHours
from mailer.campaign.trace import record
from mailer.campaign.transition import step
from mailer.models import ApprovalKind, Audience, Campaign, CampaignList, CampaignState
from pli.actor import Actor
from pli.audit import AuditAction

if TYPE_CHECKING:
    from mailer.letter.snapshot import Frozen


async def create(
    session: AsyncSession,
    *,
    frozen: Frozen,
    list_ids: Sequence[int],
    segment: str = "",
    rule: str = "",
    audience: Audience = Audience.FIRST,
    aside: Aside = NOBODY_ASIDE,
    draft_id: int | None = None,
    wrote: Collection[str] = (),
    token_key: str,
    retry_delays: Sequence[float],
    resend_uncertain: bool = False,
    hours: SendingHours = ALWAYS,
    by: Actor,
    now: datetime,
) -> Campaign:
    """Freeze a letter and whom it is for into a draft; `by` is its maker.

    `draft_id` is the manuscript of which the letter was frozen, `wrote` who wrote that.
    """
    to = Addressees(tuple(list_ids), segment, rule, audience, aside)
    frozen = frozen.to(to.document())
    campaign = Campaign(
        number=frozen.letter.number,
        title=frozen.letter.title,
        subject=frozen.letter.subject,
        language=frozen.letter.language,
        state=CampaignState.DRAFT,
        audience=audience,
        segment=segment,
        rule=rule,
        aside=aside.document(),
        draft_id=draft_id,
        frozen=frozen.text,
        letter_hash=frozen.letter_hash,
        frozen_hash=frozen.frozen_hash,
        token_key=token_key,
        retry_delays=list(retry_delays),
        resend_uncertain=resend_uncertain,
        created_by=by.text or None,
        excluded={},
        created_at=now,
        **hours.columns(),
    )
    session.add(campaign)
    await session.flush()
    _add_lists(session, campaign.id, list_ids)
    approvals.wrote(session, campaign, wrote, now)
    await session.flush()
    return campaign


async def refreeze(
    session: AsyncSession,
    *,
    campaign_id: int,
    frozen: Frozen,
    to: Addressees,
    wrote: Collection[str] = (),
    seen_hash: str | None = None,
    by: Actor,
    now: datetime,
) -> bool:
    """Freeze a draft or an approved campaign anew; whether that took an approval away.

    What does not change anything takes nothing away. `seen_hash`: what the person had seen when the
    change was made; refused if somebody else has changed the campaign meanwhile.
    """
    frozen = frozen.to(to.document())
    campaign = await find_campaign(session, campaign_id)
    await session.refresh(campaign, with_for_update=True)
    if campaign.state not in CHANGEABLE:
        raise wrong_state(campaign)
    if seen_hash not in (None, campaign.frozen_hash):
        raise changed_meanwhile(campaign_id)
    if frozen.frozen_hash == campaign.frozen_hash:
        return False
    was_approved = campaign.approved_hash is not None
    await step(
        session,
        campaign_id,
        CHANGEABLE,
        CampaignState.DRAFT,
        number=frozen.letter.number,
        title=frozen.letter.title,
        subject=frozen.letter.subject,
        language=frozen.letter.language,
        audience=to.audience,
        segment=to.segment,
        rule=to.rule,
        aside=to.aside.document(),
        frozen=frozen.text,
        letter_hash=frozen.letter_hash,
        frozen_hash=frozen.frozen_hash,
        approved_hash=None,
        approved_by=None,
        approved_at=None,
    )
    await session.execute(delete(CampaignList).where(CampaignList.campaign_id == campaign_id))
    _add_lists(session, campaign_id, to.list_ids)
    await session.refresh(campaign)
    approvals.wrote(session, campaign, wrote, now)
    approvals.add(session, ApprovalKind.CHANGED, campaign, by=by, now=now)
    record(session, AuditAction.FROZEN_ANEW, campaign_id, by=by, now=now)
    await session.flush()
    return was_approved


async def frozen_text(session: AsyncSession, campaign_id: int) -> str:
    """What was frozen of a campaign, as text; "" if there is no such campaign."""
    text = await session.scalar(select(Campaign.frozen).where(Campaign.id == campaign_id))
    return text or ""


def _add_lists(session: AsyncSession, campaign_id: int, list_ids: Sequence[int]) -> None:
    session.add_all(
        CampaignList(campaign_id=campaign_id, list_id=list_id, position=position)
        for position, list_id in enumerate(list_ids)
    )
