"""The steps of a campaign towards its approval: who asked, approved, sent back, changed.

Rows are only added. The state itself is `lifecycle`'s business, which calls `add`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import remarks as remarks_on
from mailer.campaign.finding import CampaignError, find_campaign, wrong_state
from mailer.campaign.remarks import Remark
from mailer.campaign.trace import record
from mailer.models import ApprovalEvent, ApprovalKind, Campaign, CampaignState
from pli import actor
from pli.actor import Actor
from pli.audit import AuditAction
from pli.language import N_

_MAKERS = (ApprovalKind.WROTE, ApprovalKind.CHANGED)
_DECIDES = (ApprovalKind.ASKED, ApprovalKind.APPROVED, ApprovalKind.SENT_BACK)


@dataclass(frozen=True, slots=True)
class Step:
    """One step, as pages and reports tell it."""

    at: datetime
    kind: ApprovalKind
    by: Actor
    hash: str
    asked_account: int | None
    note: str
    remarks: Sequence[Remark] = ()

    @property
    def said(self) -> str:
        """All that was said, a line for each thing."""
        return "\n".join(it for it in (self.note, *(it.note for it in self.remarks)) if it)


def add(
    session: AsyncSession,
    kind: ApprovalKind,
    campaign: Campaign,
    *,
    by: Actor,
    now: datetime,
    note: str = "",
    remarks: Sequence[Remark] = (),
    asked_account: int | None = None,
    seen: str | None = None,
) -> ApprovalEvent:
    """Add a step about what is frozen now. CampaignError if the note is too long."""
    event = ApprovalEvent(
        campaign_id=campaign.id,
        at=now,
        kind=kind,
        by=by.text,
        hash=campaign.frozen_hash,
        note=remarks_on.said(note),
        remarks=[it.document() for it in remarks],
        asked_account=asked_account,
        seen=seen,
    )
    session.add(event)
    return event


def wrote(session: AsyncSession, campaign: Campaign, makers: Collection[str], at: datetime) -> None:
    """Add who wrote the manuscript of which a campaign was frozen: kept texts of actors."""
    for text in dict.fromkeys(makers):
        add(session, ApprovalKind.WROTE, campaign, by=actor.kept(text), now=at)


async def ask(
    session: AsyncSession,
    *,
    campaign_id: int,
    asked_account: int | None,
    note: str,
    by: Actor,
    now: datetime,
) -> int:
    """Ask one account, or all who may (None), to approve a draft; the step's id.

    Refused in any other state.
    """
    campaign = await find_campaign(session, campaign_id)
    if campaign.state is not CampaignState.DRAFT:
        raise wrong_state(campaign)
    event = add(
        session,
        ApprovalKind.ASKED,
        campaign,
        by=by,
        now=now,
        note=note,
        asked_account=asked_account,
    )
    record(session, AuditAction.APPROVAL_ASKED, campaign_id, by=by, now=now)
    await session.flush()
    return event.id


async def campaign_of(session: AsyncSession, event_id: int) -> int | None:
    """The campaign of a step, if that is still its last one; else None."""
    campaign_id = await session.scalar(
        select(ApprovalEvent.campaign_id).where(ApprovalEvent.id == event_id)
    )
    last = select(func.max(ApprovalEvent.id)).where(ApprovalEvent.campaign_id == campaign_id)
    return campaign_id if await session.scalar(last) == event_id else None


async def steps(session: AsyncSession, campaign_id: int) -> Sequence[Step]:
    """All steps of a campaign, the oldest first."""
    rows = await session.scalars(
        select(ApprovalEvent)
        .where(ApprovalEvent.campaign_id == campaign_id)
        .order_by(ApprovalEvent.id)
    )
    return [_step(it) for it in rows]


def _step(row: ApprovalEvent) -> Step:
    return Step(
        row.at,
        row.kind,
        actor.kept(row.by),
        row.hash,
        row.asked_account,
        row.note,
        tuple(Remark.of(it) for it in row.remarks),
    )


def waiting(found: Sequence[Step]) -> Step | None:
    """The step by which somebody asked last, as long as nothing was decided or changed since."""
    after = [it for it in found if it.kind is not ApprovalKind.REMINDED]
    return after[-1] if after and after[-1].kind is ApprovalKind.ASKED else None


def since(found: Sequence[Step]) -> Sequence[Step]:
    """The steps after the last one by which it was sent back; all if it never was."""
    back = [n for n, it in enumerate(found) if it.kind is ApprovalKind.SENT_BACK]
    return found[back[-1] + 1 :] if back else found


async def sent_back(session: AsyncSession, campaign: Campaign | None) -> Step | None:
    """The step by which a draft was sent back, as long as nobody asked again or approved since."""
    if campaign is None or campaign.state is not CampaignState.DRAFT:
        return None
    decided = [it for it in await steps(session, campaign.id) if it.kind in _DECIDES]
    return decided[-1] if decided and decided[-1].kind is ApprovalKind.SENT_BACK else None


async def of_campaigns(
    session: AsyncSession, campaign_ids: Collection[int]
) -> dict[int, list[Step]]:
    """The steps of several campaigns, the oldest first, by the campaign's id."""
    rows = await session.scalars(
        select(ApprovalEvent)
        .where(ApprovalEvent.campaign_id.in_(campaign_ids))
        .order_by(ApprovalEvent.id)
    )
    found: dict[int, list[Step]] = {}
    for it in rows:
        found.setdefault(it.campaign_id, []).append(_step(it))
    return found


async def made_by(session: AsyncSession, campaign_ids: Collection[int]) -> dict[int, int | None]:
    """The account that made each of these campaigns; None: nobody of the office did."""
    rows = await session.execute(
        select(Campaign.id, Campaign.created_by).where(Campaign.id.in_(campaign_ids))
    )
    return {row.id: actor.kept(row.created_by or "").account_id for row in rows}


async def last_approved(session: AsyncSession, campaign_id: int) -> dict[str, Any] | None:
    """What was approved last, as `lifecycle` kept it; None: nothing was yet."""
    kept = await session.scalar(
        select(ApprovalEvent.seen)
        .where(
            ApprovalEvent.campaign_id == campaign_id,
            ApprovalEvent.kind == ApprovalKind.APPROVED,
            ApprovalEvent.seen.is_not(None),
        )
        .order_by(ApprovalEvent.id.desc())
        .limit(1)
    )
    return dict(json.loads(kept)) if kept else None


async def makers(session: AsyncSession, campaign: Campaign) -> list[str]:
    """The kept texts of all who made or changed a campaign, its maker first."""
    found = await session.scalars(
        select(ApprovalEvent.by)
        .where(ApprovalEvent.campaign_id == campaign.id, ApprovalEvent.kind.in_(_MAKERS))
        .order_by(ApprovalEvent.id)
    )
    return [it for it in dict.fromkeys([campaign.created_by or "", *found]) if it]


async def refuse_makers(session: AsyncSession, campaign: Campaign, by: Actor) -> None:
    """Refuse that somebody approves what that person made or changed."""
    made = next((it for it in await makers(session, campaign) if actor.is_same(by.text, it)), None)
    if made is None:
        return
    if campaign.created_by and actor.is_same(by.text, campaign.created_by):
        raise CampaignError(
            N_("campaign {id} was made by {name}: somebody else must approve it (--by)"),
            id=campaign.id,
            name=actor.kept(campaign.created_by).name,
        )
    raise CampaignError(
        N_("campaign {id} was changed by {name}: somebody else must approve it (--by)"),
        id=campaign.id,
        name=actor.kept(made).name,
    )
