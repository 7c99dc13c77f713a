"""Begins a manuscript from another one, or from a letter that a campaign has frozen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.letter import head, snapshot
from mailer.letter.drafts import making, pictures, rows
from mailer.letter.letter import Letter
from mailer.models import Campaign, CampaignList
from pli.actor import Actor
from pli.language import N_


@dataclass(frozen=True, slots=True)
class SentLetter:
    """A letter that a campaign has frozen."""

    id: int
    number: int
    title: str


async def sent_letters(
    session: AsyncSession, *, list_ids: Collection[int], limit: int
) -> Sequence[SentLetter]:
    """The letters of campaigns to these lists, the latest of each number, the newest first."""
    latest = (
        select(func.max(Campaign.id))
        .join(CampaignList, CampaignList.campaign_id == Campaign.id)
        .where(CampaignList.list_id.in_(list_ids))
        .group_by(CampaignList.list_id, Campaign.number)
    )
    found = await session.execute(
        select(Campaign.id, Campaign.number, Campaign.title)
        .where(Campaign.id.in_(latest))
        .order_by(Campaign.number.desc(), Campaign.id.desc())
        .limit(limit)
    )
    return [SentLetter(*row) for row in found]


async def lists_of_campaign(session: AsyncSession, campaign_id: int) -> Sequence[int]:
    """The lists that a campaign goes to."""
    found = await session.scalars(
        select(CampaignList.list_id).where(CampaignList.campaign_id == campaign_id)
    )
    return found.all()


async def from_draft(
    session: AsyncSession,
    *,
    source: int,
    list_id: int,
    front: Mapping[str, str],
    by: Actor,
    now: datetime,
) -> int:
    """Begin a manuscript with the text and the pictures of another; `front` are its own values."""
    found = await rows.get(session, source)
    draft_id = await making.create(
        session,
        list_id=list_id,
        top=head.with_values(found.head, front),
        body=found.body,
        by=by,
        now=now,
    )
    await pictures.copy_pictures(session, source=source, target=draft_id, now=now)
    return draft_id


async def from_campaign(
    session: AsyncSession,
    *,
    campaign_id: int,
    list_id: int,
    front: Mapping[str, str],
    by: Actor,
    now: datetime,
) -> int:
    """Begin a manuscript with the letter that a campaign has frozen; raises DraftError."""
    frozen = await session.scalar(select(Campaign.frozen).where(Campaign.id == campaign_id))
    if frozen is None:
        raise rows.DraftError(N_("there is no campaign {id}"), id=campaign_id)
    letter, _theme, _identity = snapshot.thaw(frozen)
    draft_id = await making.create(
        session,
        list_id=list_id,
        top=head.with_values(head_of(letter), front),
        body=letter.body,
        by=by,
        now=now,
    )
    files = dict(letter.images) | {it.name: it.data for it in letter.attachments}
    for name, data in files.items():
        await pictures.put(session, draft_id=draft_id, name=name, data=data, by=by, now=now)
    return draft_id


def head_of(letter: Letter) -> str:
    """A head with the values of a letter."""
    others = {
        key: head.scalar(key, value)
        for key, value in (
            ("typography", letter.typography),
            ("from", letter.sender),
            ("reply-to", letter.reply_to),
        )
        if value
    }
    if letter.attachments:
        names = "".join(f"\n  - {head.scalar('title', it.name)}" for it in letter.attachments)
        others["attachments"] = names
    given = {
        "number": str(letter.number),
        "title": letter.title,
        "date": letter.date.isoformat(),
        "subject": letter.subject,
        "preheader": letter.preheader,
        "language": letter.language,
        "theme": letter.theme,
    }
    return head.new(given, others)
