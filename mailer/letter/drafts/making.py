"""Begins manuscripts, and tells which number of a list's letters is next, or is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.draft_models import Draft, DraftState
from mailer.letter import head
from mailer.letter.drafts.saving import (
    LARGEST,
    Saved,
    keep,
    made_by,
    told_of,
    too_long,
    trace,
    whole,
)
from mailer.models import Campaign, CampaignList, CampaignState
from pli.actor import Actor
from pli.audit import AuditAction

_OVER = (DraftState.PUT_AWAY, DraftState.DELETED)


@dataclass(frozen=True, slots=True)
class Taken:
    """What has a number of a list's letters already: a campaign, or another manuscript."""

    number: int
    campaign_id: int | None = None
    draft_id: int | None = None


@dataclass(frozen=True, slots=True)
class Proposed:
    """The values that a new manuscript begins with."""

    number: int
    head: str
    body: str


async def create(
    session: AsyncSession,
    *,
    list_id: int,
    top: str,
    body: str,
    by: Actor,
    now: datetime,
) -> int:
    """Begin a manuscript with this text; its id."""
    body, top = whole(body), whole(top)
    if len(body) > LARGEST:
        raise too_long()
    number, title = told_of(top)
    draft = Draft(
        list_id=list_id,
        state=DraftState.WRITING,
        number=number,
        title=title,
        head=top,
        body=body,
        version=1,
        created_at=now,
        created_by=by.text,
        saved_at=now,
        saved_by=by.text,
    )
    session.add(draft)
    await session.flush()
    await keep(session, draft.id, top, body, Saved(1, now, by.text, True), asked=True)
    await made_by(session, draft.id, by=by, now=now)
    trace(session, AuditAction.DRAFT_MADE, list_id, draft.id, by=by, now=now)
    return draft.id


async def next_number(session: AsyncSession, *, list_id: int) -> int:
    """One more than the highest number of a campaign to this list, or of a manuscript for it."""
    sent = await session.scalar(
        select(func.max(Campaign.number))
        .join(CampaignList, CampaignList.campaign_id == Campaign.id)
        .where(CampaignList.list_id == list_id)
    )
    written = await session.scalar(
        select(func.max(Draft.number)).where(Draft.list_id == list_id, Draft.state.not_in(_OVER))
    )
    return max(sent or 0, written or 0) + 1


async def taken(
    session: AsyncSession, *, list_id: int, number: int, but: int | None = None
) -> Taken | None:
    """What has this number already; `but` is a manuscript that may have it.

    A campaign that a released manuscript became has its number rightly.
    """
    other = await session.scalar(
        select(Draft.id)
        .where(
            Draft.list_id == list_id,
            Draft.number == number,
            Draft.id != (but or 0),
            Draft.state.not_in(_OVER),
        )
        .order_by(Draft.id)
        .limit(1)
    )
    if other is not None:
        return Taken(number, draft_id=other)
    state = (
        None if but is None else await session.scalar(select(Draft.state).where(Draft.id == but))
    )
    if state in (DraftState.IN_REVIEW, DraftState.RELEASED):
        return None
    sent = await session.scalar(
        select(Campaign.id)
        .join(CampaignList, CampaignList.campaign_id == Campaign.id)
        .where(
            CampaignList.list_id == list_id,
            Campaign.number == number,
            Campaign.state != CampaignState.CANCELLED,
            # Its own sending, which was sent back, is frozen anew under this number.
            or_(
                Campaign.draft_id.is_(None),
                Campaign.draft_id != (but or 0),
                Campaign.state.not_in((CampaignState.DRAFT, CampaignState.APPROVED)),
            ),
        )
        .order_by(Campaign.id.desc())
        .limit(1)
    )
    return None if sent is None else Taken(number, campaign_id=sent)


async def proposed(
    session: AsyncSession, *, list_id: int, given: Mapping[str, str], now: datetime
) -> Proposed:
    """What an empty manuscript begins with: the next number of its list, and the day of `now`."""
    number = await next_number(session, list_id=list_id)
    values = {"number": str(number), "date": f"{now:%Y-%m-%d}", **given}
    return Proposed(number, head.new(values), "\n")
