"""An unfinished campaign as it is told: how many have it, how it goes on, how it is given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Batch, Campaign, CampaignList, CampaignState
from pli.language import N_, Sentence, say, say_n

BEGUN = (CampaignState.RUNNING, CampaignState.PAUSED)


@dataclass(frozen=True, slots=True)
class Reached:
    """How many copies of a campaign there are, were sent, and may have left in any way."""

    prepared: int
    sent: int
    left: int

    def tell(self) -> Sentence:
        """How many have it."""
        return have_it(self.sent, self.prepared)


def have_it(sent: int, prepared: int) -> Sentence:
    """How many of those whom a campaign is for have it."""
    return say_n("{n} of {all} has it", "{n} of {all} have it", sent, all=prepared)


def ways(campaign: Campaign) -> Sentence:
    """How an unfinished campaign goes on, and how it is given up."""
    if campaign.state in BEGUN:
        return say(
            N_('"pli campaign resume {id}" goes on, "pli campaign cancel {id}" gives it up'),
            id=campaign.id,
        )
    return say(
        N_('"pli campaign start {id}" sends it, "pli campaign cancel {id}" gives it up'),
        id=campaign.id,
    )


async def reached(session: AsyncSession, campaign_id: int) -> Reached:
    """Counted from the batches."""
    left = Batch.sending + Batch.sent + Batch.failed + Batch.uncertain
    sums = (left + Batch.pending + Batch.skipped, Batch.sent, left)
    row = await session.execute(
        select(*(func.coalesce(func.sum(it), 0) for it in sums)).where(
            Batch.campaign_id == campaign_id
        )
    )
    return Reached(*(int(n) for n in row.one()))


async def beside(
    session: AsyncSession, *, list_ids: Sequence[int], besides: int | None, served: bool
) -> list[Sentence]:
    """What a person should know who sends to these lists: what was begun there and does not go on.

    All but the campaign `besides`. `served`: a process sends, so that only the paused stand still.
    """
    to_lists = exists().where(
        CampaignList.campaign_id == Campaign.id, CampaignList.list_id.in_(list_ids)
    )
    states = (CampaignState.PAUSED,) if served else BEGUN
    found = await session.scalars(
        select(Campaign)
        .where(Campaign.state.in_(states), to_lists, Campaign.id != (besides or 0))
        .order_by(Campaign.id)
    )
    return [
        say(
            N_("Unfinished: campaign {id} (letter {number}): {have_it}; {ways}."),
            id=it.id,
            number=it.number,
            have_it=(await reached(session, it.id)).tell(),
            ways=ways(it),
        )
        for it in found.all()
    ]
