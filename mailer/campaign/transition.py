"""The one statement that writes a campaign's state; only lifecycle and scheduling may call it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, null, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from mailer.campaign.chore_names import OF_CAMPAIGNS
from mailer.campaign.finding import find_campaign, wrong_state
from mailer.models import Campaign, CampaignState
from pli import chore_rows, language
from pli.language import Sentence


async def step(
    session: AsyncSession,
    campaign_id: int,
    before: Sequence[CampaignState],
    after: CampaignState,
    **values: Any,
) -> None:
    """Take a campaign from one of the states `before` to `after`, or raise CampaignError."""
    if not await take_step(session, campaign_id, before, after, **values):
        raise wrong_state(await find_campaign(session, campaign_id))


async def take_step(
    session: AsyncSession,
    campaign_id: int,
    before: Sequence[CampaignState],
    after: CampaignState,
    *where: ColumnElement[bool],
    **values: Any,
) -> bool:
    """Take a campaign from one of the states `before` to `after`; whether this call did so."""
    done = await session.execute(transition(campaign_id, before, after, *where, **values))
    if done.scalar_one_or_none() is None:
        return False
    # Else a letter that is released anew would not leave at its hour, for it failed at another.
    await session.run_sync(chore_rows.begin_anew, OF_CAMPAIGNS, campaign_id)
    return True


def transition(
    campaign_id: int,
    before: Sequence[CampaignState],
    after: CampaignState,
    *where: ColumnElement[bool],
    **values: Any,
) -> ReturningUpdate[tuple[int]]:
    """The statement of a step, guarded in its WHERE; it returns the campaign's id if it did it."""
    return (
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state.in_(before), *where)
        .values(state=after, **values)
        .returning(Campaign.id)
    )


def as_document(reason: Sentence | None) -> Mapping[str, Any] | Any:
    """A reason as a campaign keeps it: JSON, or NULL."""
    return language.as_document(reason) if reason else null()
