"""What a person decides over many rows at once: give the rest up, or send a part again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Batch, Delivery, Status


async def cancel(session: AsyncSession, *, campaign_id: int) -> None:
    """What waits is skipped; what is in work is told by its worker."""
    await session.execute(
        update(Delivery)
        .where(Delivery.campaign_id == campaign_id, Delivery.status == Status.PENDING)
        .values(status=Status.SKIPPED, reason="cancelled")
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        update(Batch)
        .where(Batch.campaign_id == campaign_id, Batch.pending > 0)
        .values(skipped=Batch.skipped + Batch.pending, pending=0)
        .execution_options(synchronize_session=False)
    )


async def retry_uncertain(session: AsyncSession, *, campaign_id: int, now: datetime) -> int:
    """Send uncertain copies again, because a person says so; how many."""
    return await _again(session, campaign_id, Delivery.status == Status.UNCERTAIN, now=now)


async def retry_failed(session: AsyncSession, *, campaign_id: int, now: datetime) -> int:
    """Send failed copies again, because a person says so; how many. Their attempts stay."""
    return await _again(session, campaign_id, Delivery.status == Status.FAILED, now=now)


async def _again(
    session: AsyncSession, campaign_id: int, which: ColumnElement[bool], *, now: datetime
) -> int:
    rows = and_(Delivery.campaign_id == campaign_id, which)
    counted = (
        await session.execute(
            select(Delivery.batch, Delivery.status, func.count())
            .where(rows)
            .group_by(Delivery.batch, Delivery.status)
        )
    ).all()
    await session.execute(
        update(Delivery)
        .where(rows)
        .values(status=Status.PENDING, reason=None, lease=None, next_attempt_at=now)
        .execution_options(synchronize_session=False)
    )
    for number, status, n in counted:
        await session.execute(
            update(Batch)
            .where(Batch.campaign_id == campaign_id, Batch.number == number)
            .values(
                {
                    status.value: getattr(Batch, status.value) - n,
                    "pending": Batch.pending + n,
                    "due_at": now,
                    "takings": 0,
                }
            )
            .execution_options(synchronize_session=False)
        )
    return sum(n for _, _, n in counted)
