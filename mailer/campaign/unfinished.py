"""Tells of unfinished campaigns: how many people have the letter, and what a person can do."""

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
    """How many copies of a campaign were prepared, how many were sent, how many may have left.

    `left` counts copies that are sending, sent, failed or uncertain.
    """

    prepared: int
    sent: int
    left: int

    def tell(self) -> Sentence:
        """How many people have the letter."""
        return have_it(self.sent, self.prepared)


def have_it(sent: int, prepared: int) -> Sentence:
    """The sentence that says how many of a campaign's people have the letter."""
    return say_n("{n} of {all} has it", "{n} of {all} have it", sent, all=prepared)


def ways(campaign: Campaign) -> Sentence:
    """The sentence with the commands that go on with an unfinished campaign, and give it up."""
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
    """Count a campaign's copies, from the counts of its batches."""
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
    """Tell of the campaigns to these lists that were begun and stand still; one sentence each.

    The campaign `besides` is left out. `served`: a process sends, so only paused campaigns stand
    still; without one, running campaigns do, too.
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
