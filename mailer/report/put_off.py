"""What the relay says to copies that it put off, in its own words; SELECT only."""

from __future__ import annotations

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Attempt, Batch, Delivery, Status
from pli.columns import clock

BATCHES = 3
"""So many of the batches that wait are read: what a relay says to one it says to the others."""


async def relay_says(session: AsyncSession, campaign_id: int) -> str | None:
    """The reply that most copies had which wait for a further try; None: none was put off.

    Of replies with one code the least in the alphabet stands for all: they differ in addresses and
    numbers.
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
    return f"{row[0]} {row[1]}".strip() if row else None
