"""What a person decides for many rows at once: cancel what waits, or send copies again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces import deciding
from mailer.ledger import balance
from mailer.models import Batch, Delivery, Status
from pli.columns import clock


async def cancel(session: AsyncSession, *, campaign_id: int) -> None:
    """Skip the copies that wait; copies in work are settled by their worker.

    A copy that may have arrived by an earlier try becomes uncertain.
    """
    # Batches first, as a claim locks them: else this and a claim could wait for each other.
    await session.execute(
        select(Batch.id)
        .where(Batch.campaign_id == campaign_id)
        .order_by(Batch.id)
        .with_for_update()
    )
    may_have_arrived = await session.scalars(
        update(Delivery)
        .where(
            Delivery.campaign_id == campaign_id,
            Delivery.status == Status.PENDING,
            Delivery.doubted,
        )
        .values(status=Status.UNCERTAIN, reason=None)
        .returning(Delivery.batch)
        .execution_options(synchronize_session=False)
    )
    await _move(session, campaign_id, may_have_arrived, Status.PENDING, Status.UNCERTAIN)
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


async def retry_uncertain(session: AsyncSession, *, campaign_id: int) -> int:
    """Send uncertain copies again, because a person asks for it; how many."""
    return await _again(session, campaign_id, Status.UNCERTAIN)


async def retry_failed(
    session: AsyncSession, *, campaign_id: int, only: ColumnElement[bool] | None = None
) -> int:
    """Send failed copies again, all or `only` some, because a person asks for it; how many.

    Their attempts stay and count: a copy that has had its last try gets one more.
    """
    return await _again(session, campaign_id, Status.FAILED, only)


async def _again(
    session: AsyncSession,
    campaign_id: int,
    status: Status,
    only: ColumnElement[bool] | None = None,
) -> int:
    chosen = [balance.rows_of(campaign_id, status)]
    if only is not None:
        chosen.append(only)
    # The changed rows are counted, not the chosen ones: a late reply may have come in between.
    doubted = {"doubted": True} if status is Status.UNCERTAIN else {}
    changed = await session.scalars(
        update(Delivery)
        .where(*chosen)
        # The database's clock decides what is due: the caller's machine may have a wrong one.
        .values(status=Status.PENDING, reason=None, lease=None, next_attempt_at=clock(), **doubted)
        .returning(Delivery.batch)
        .execution_options(synchronize_session=False)
    )
    await session.run_sync(deciding.forget_tried_again, campaign_id)
    return await _move(
        session, campaign_id, changed, status, Status.PENDING, due_at=clock(), takings=0
    )


async def _move(
    session: AsyncSession,
    campaign_id: int,
    batches: Iterable[int | None],
    before: Status,
    after: Status,
    **values: object,
) -> int:
    """Move the batches' counts, in the order of their numbers; how many rows.

    `batches` names the batch of each row, once for each row.
    """
    counted = Counter(number for number in batches if number is not None)
    for number, n in sorted(counted.items()):
        await session.execute(
            update(Batch)
            .where(Batch.campaign_id == campaign_id, Batch.number == number)
            .values(
                {
                    before.value: getattr(Batch, before.value) - n,
                    after.value: getattr(Batch, after.value) + n,
                    **values,
                }
            )
            .execution_options(synchronize_session=False)
        )
    return counted.total()
