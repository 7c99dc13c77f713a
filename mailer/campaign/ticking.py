"""Keeps which warnings about a campaign somebody read and let pass. No other module writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.finding import find_campaign, wrong_state
from mailer.campaign.trace import record
from mailer.models import CampaignState, TickedFinding
from pli import actor
from pli.actor import Actor
from pli.audit import AuditAction
from pli.language import Sentence, as_document, as_sentence
from pli.upsert import insert_into

_OPEN = (CampaignState.DRAFT, CampaignState.APPROVED)


@dataclass(frozen=True, slots=True)
class Ticked:
    """A warning that somebody let pass: its sentence as it was then."""

    key: str
    sentence: Sentence
    by: Actor
    at: datetime


async def tick(
    session: AsyncSession,
    *,
    campaign_id: int,
    warnings: Mapping[str, Sentence],
    by: Actor,
    now: datetime,
) -> None:
    """Keep that somebody let these warnings pass, by their keys; the first who did is kept."""
    campaign = await find_campaign(session, campaign_id)
    if campaign.state not in _OPEN:
        raise wrong_state(campaign)
    for key, sentence in warnings.items():
        added = await session.execute(
            insert_into(session, TickedFinding)
            .values(
                campaign_id=campaign_id,
                key=key,
                at=now,
                by=by.text,
                sentence=as_document(sentence),
            )
            .on_conflict_do_nothing()
            .returning(TickedFinding.id)
        )
        if added.first():
            record(session, AuditAction.TICKED, campaign_id, by=by, now=now)


async def ticked(session: AsyncSession, campaign_id: int) -> Sequence[Ticked]:
    """All warnings that somebody let pass, the oldest first."""
    rows = await session.scalars(
        select(TickedFinding)
        .where(TickedFinding.campaign_id == campaign_id)
        .order_by(TickedFinding.id)
    )
    return [Ticked(it.key, as_sentence(it.sentence), actor.kept(it.by), it.at) for it in rows]
