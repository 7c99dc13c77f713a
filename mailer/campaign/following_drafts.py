"""Lets a manuscript follow the campaign that was frozen of it: in review, released, written on."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.draft_models import DraftState
from mailer.letter.drafts import states
from mailer.letter.drafts.rows import DraftError, DraftGone
from mailer.models import Campaign
from pli.actor import Actor


async def follow(
    session: AsyncSession, campaign: Campaign, state: DraftState, *, by: Actor, now: datetime
) -> None:
    """Give the campaign's manuscript this state, if there is one and it can have that.

    A manuscript that was deleted or put away meanwhile stands in no campaign's way.
    """
    if campaign.draft_id is None:
        return
    with suppress(DraftGone, DraftError):
        await states.set_state(session, draft_id=campaign.draft_id, state=state, by=by, now=now)
