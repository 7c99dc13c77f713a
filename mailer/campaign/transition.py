"""The one statement that writes a campaign's state; only lifecycle and scheduling may call it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, null, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from mailer.campaign.finding import find_campaign, wrong_state
from mailer.models import Campaign, CampaignState
from pli.language import Sentence


async def step(
    session: AsyncSession,
    campaign_id: int,
    before: Sequence[CampaignState],
    after: CampaignState,
    **values: Any,
) -> None:
    """A step that must be possible: else it says in what state the campaign is."""
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
    """Take a campaign from one state to the next; whether this call did so."""
    done = await session.execute(transition(campaign_id, before, after, *where, **values))
    return done.scalar_one_or_none() is not None


def transition(
    campaign_id: int,
    before: Sequence[CampaignState],
    after: CampaignState,
    *where: ColumnElement[bool],
    **values: Any,
) -> ReturningUpdate[tuple[int]]:
    """The statement: guarded in its WHERE, it gives the campaign's id back if it did anything."""
    return (
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state.in_(before), *where)
        .values(state=after, **values)
        .returning(Campaign.id)
    )


def as_document(reason: Sentence | None) -> Mapping[str, Any] | Any:
    """A reason as a campaign keeps it: JSON, or NULL."""
    return _kept(reason) if reason else null()


def _kept(sentence: Sentence) -> dict[str, Any]:
    """A sentence as JSON, with those that stand in it: they are told in the reader's language."""
    values = {
        name: _kept(value) if isinstance(value, Sentence) else value
        for name, value in sentence.values.items()
    }
    kept: dict[str, Any] = {"text": sentence.text, "values": values}
    return kept | {"plural": sentence.plural} if sentence.plural else kept
