"""Would this letter go out twice? Earlier campaigns, and the lock under which one asks."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Batch, Campaign, CampaignList, CampaignState
from subscribers.models import List


async def precedents(
    session: AsyncSession, *, number: int, list_ids: Sequence[int]
) -> Sequence[Campaign]:
    """Earlier campaigns of the letter with this number to any of these lists, oldest first.

    One that was cancelled before anything left, or could have, is no precedent.
    """
    to_lists = exists().where(
        CampaignList.campaign_id == Campaign.id, CampaignList.list_id.in_(list_ids)
    )
    something_left = exists().where(
        Batch.campaign_id == Campaign.id,
        Batch.sending + Batch.sent + Batch.failed + Batch.uncertain > 0,
    )
    found = await session.execute(
        select(Campaign)
        .where(
            Campaign.number == number,
            to_lists,
            (Campaign.state != CampaignState.CANCELLED) | something_left,
        )
        .order_by(Campaign.id)
    )
    return found.scalars().all()


async def lock_lists(session: AsyncSession, list_ids: Sequence[int], *, waits: bool = True) -> bool:
    """From here to the end of the transaction nobody else prepares a sending to these lists.

    Two that ask at one moment whether a letter was sent already would both hear no. Before the
    campaign's row, always. False: somebody else has one of them, and `waits` was not allowed.
    """
    held = await session.scalars(
        select(List.id)
        .where(List.id.in_(list_ids))
        .order_by(List.id)
        # Not as strong as a deletion: people come and go meanwhile.
        .with_for_update(key_share=True, skip_locked=not waits)
    )
    return set(held) >= set(list_ids)
