"""Reads how the relay answers the copies that it defers, in its own words; SELECT only."""

from __future__ import annotations

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Attempt, Batch, Delivery, Status
from pli.columns import clock
from pli.harmless import one_line

LONGEST_REPLY = 300
BATCHES = 3
"""How many waiting batches are read: a relay answers the others alike."""


async def relay_says(session: AsyncSession, campaign_id: int) -> str | None:
    """The most frequent reply to copies that wait for another try; None: none was deferred.

    Replies with the same codes count as one, for they differ only in addresses and numbers. The
    first of them in alphabetical order is given.
    """
    waiting = (
        select(Batch.number)
        .where(Batch.campaign_id == campaign_id, Batch.pending > 0, Batch.due_at > clock())
        .order_by(Batch.due_at)
        .limit(BATCHES)
    )
    numbers = (await session.scalars(waiting)).all()
    row = (
        await session.execute(
            select(Attempt.reply_code, func.min(Attempt.reply_text))
            .join(
                Delivery,
                and_(Delivery.id == Attempt.delivery_id, Delivery.attempts == Attempt.number),
            )
            .where(
                Delivery.campaign_id == campaign_id,
                Delivery.batch.in_(numbers),
                Delivery.status == Status.PENDING,
                Attempt.reply_code.between(400, 499),
            )
            .group_by(Attempt.reply_code, Attempt.enhanced_code)
            .order_by(func.count().desc())
            .limit(1)
        )
    ).one_or_none()
    return one_line(f"{row[0]} {row[1]}", LONGEST_REPLY) if row else None
