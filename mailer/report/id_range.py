"""Where the copies of a campaign lie in their table: one statement wrote them, side by side.

A question about all copies reads this range of the table's primary key, in the order in which the
rows lie on the disk. By the index of campaigns it would look up each row, and each attempt, alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Attempt, Delivery


@dataclass(frozen=True, slots=True)
class IdRange:
    """The lowest and the highest id of a campaign's copies.

    `alone`: no other campaign has a copy between them. PostgreSQL may give ids to two campaigns
    by turns, if both are prepared at one time.
    """

    campaign_id: int
    first: int
    last: int
    alone: bool

    def of_copies(self) -> Sequence[ColumnElement[bool]]:
        """Which rows of `delivery` are this campaign's."""
        within = Delivery.id.between(self.first, self.last)
        # + 0 hides the index of campaigns, so that SQLite takes the range.
        return [within] if self.alone else [within, Delivery.campaign_id + 0 == self.campaign_id]

    def of_attempts(self) -> ColumnElement[bool]:
        """Which rows of `attempt` may be this campaign's, and are if it is alone."""
        return Attempt.delivery_id.between(self.first, self.last)


async def id_range(session: AsyncSession, campaign_id: int) -> IdRange | None:
    """Where the copies of a campaign lie; None if it has none."""
    first, last, copies = (
        await session.execute(
            select(func.min(Delivery.id), func.max(Delivery.id), func.count()).where(
                Delivery.campaign_id == campaign_id
            )
        )
    ).one()
    if first is None:
        return None
    return IdRange(campaign_id, first, last, alone=last - first + 1 == copies)
