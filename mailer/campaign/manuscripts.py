"""Freezes a manuscript into a campaign: a new draft, or anew into the one that it has already."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import freezing, ordering
from mailer.campaign.addressees import addressees_of
from mailer.campaign.finding import UNFINISHED, wrong_state
from mailer.campaign.following_drafts import follow
from mailer.campaign.policy import SendingPolicy
from mailer.draft_models import DraftState
from mailer.letter.drafts import reading
from mailer.letter.drafts.rows import line_of, makers
from mailer.letter.limits import USUAL, LetterLimits
from mailer.letter.theme import SHIPPED, ThemePlaces, shape_of
from mailer.models import Campaign, CampaignState
from pli.actor import Actor
from pli.database import Database
from subscribers import attributes
from subscribers.models import List

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.letter.letter import Letter
    from mailer.letter.snapshot import Frozen
    from mailer.sender import Identity

_OPEN = (CampaignState.DRAFT, CampaignState.APPROVED)


@dataclass(frozen=True, slots=True)
class Sent:
    """The campaign of a manuscript; `anew`: it was there; `approval_lost`: and was approved."""

    campaign_id: int
    anew: bool = False
    approval_lost: bool = False


async def frozen_draft(
    database: Database,
    draft_id: int,
    *,
    identity: Callable[[Letter], Identity],
    sizes: LetterLimits = USUAL,
    themes: ThemePlaces = SHIPPED,
) -> Frozen:
    """A manuscript as it would be sent; raises DraftGone, and LetterError with all its faults.

    No database session is open while the letter is pressed, for that takes long.
    """
    # Imported here: it loads all that reads letters.
    from mailer.letter.sendable import sendable

    async with database.reading() as session:
        source = await reading.source(session, draft_id)
        known = await attributes.declared(session)

    def freeze() -> Frozen:
        letter = reading.parsed(source, sizes=sizes, shape_of=lambda name: shape_of(name, themes))
        checked = sendable(
            letter, identity=identity(letter), attributes=known, sizes=sizes, themes=themes
        )
        return checked.frozen

    return await asyncio.to_thread(partial(freeze))


async def sending_of(session: AsyncSession, draft_id: int) -> Campaign | None:
    """The latest campaign that was made of a manuscript; None: there is none yet."""
    return await session.scalar(
        select(Campaign).where(Campaign.draft_id == draft_id).order_by(Campaign.id.desc()).limit(1)
    )


async def send(
    session: AsyncSession,
    *,
    draft_id: int,
    frozen: Frozen,
    policy: SendingPolicy,
    by: Actor,
    now: datetime,
) -> Sent:
    """Make a campaign of a manuscript, or freeze the one anew that it has; it is in review then.

    Raises OrderError if the letter would go out twice, CampaignError if its campaign is released.
    """
    line = await line_of(session, draft_id)
    wrote = await makers(session, draft_id)
    campaign = await session.scalar(
        select(Campaign)
        .where(Campaign.draft_id == draft_id, Campaign.state.in_(UNFINISHED))
        .order_by(Campaign.id.desc())
        .limit(1)
    )
    if campaign is not None:
        if campaign.state not in _OPEN:
            raise wrong_state(campaign)
        lost = await freezing.refreeze(
            session,
            campaign_id=campaign.id,
            frozen=frozen,
            to=await addressees_of(session, campaign),
            wrote=wrote,
            by=by,
            now=now,
        )
        sent = Sent(campaign.id, anew=True, approval_lost=lost)
    else:
        its_list = await session.get_one(List, line.list_id)
        order = await ordering.order(session, frozen=frozen, list_names=[its_list.name])
        ordering.refuse_what_is_there(order)
        campaign_id = await ordering.create(
            session,
            order=order,
            policy=policy,
            draft_id=draft_id,
            wrote=wrote,
            by=by,
            now=now,
        )
        sent = Sent(campaign_id)
    made = await session.get_one(Campaign, sent.campaign_id)
    await follow(session, made, DraftState.IN_REVIEW, by=by, now=now)
    return sent
