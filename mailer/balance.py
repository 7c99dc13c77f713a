"""The sum that must be right: a campaign's batches against its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Batch, Campaign, Delivery, Status
from pli.language import N_, Sentence, say

COUNTED = (
    Status.PENDING,
    Status.SENDING,
    Status.SENT,
    Status.FAILED,
    Status.SKIPPED,
    Status.UNCERTAIN,
)
"""The states whose numbers a batch keeps; the excluded belong to no batch."""

Tally = Sequence[tuple[int | None, Status, str | None, int]]


def rows_of(campaign_id: int, status: Status) -> ColumnElement[bool]:
    """The copies of one status, looked for only where a batch counts any.

    The excluded belong to no batch: each has a reason, and what has one has an index.
    """
    if status is Status.EXCLUDED:
        return and_(
            Delivery.campaign_id == campaign_id,
            Delivery.reason.is_not(None),
            Delivery.status == status,
        )
    batches = select(Batch.number).where(
        Batch.campaign_id == campaign_id, getattr(Batch, status.value) > 0
    )
    return and_(
        Delivery.campaign_id == campaign_id,
        Delivery.batch.in_(batches),
        Delivery.status == status,
    )


async def tally(session: AsyncSession, *, campaign_id: int) -> Tally:
    """Every row of a campaign, counted in one walk: by batch, status and reason, how many."""
    rows = await session.execute(
        select(Delivery.batch, Delivery.status, Delivery.reason, func.count())
        .where(Delivery.campaign_id == campaign_id)
        .group_by(Delivery.batch, Delivery.status, Delivery.reason)
    )
    return [(number, status, reason, n) for number, status, reason, n in rows]


async def faults(
    session: AsyncSession, *, campaign_id: int, counted: Tally | None = None
) -> list[Sentence]:
    """Where counts and rows of a campaign differ, batch by batch; empty when the sum is right.

    `counted`: its tally, where somebody has it.
    """
    rows: dict[int | None, Counter[str]] = {}
    for number, status, _reason, n in counted or await tally(session, campaign_id=campaign_id):
        rows.setdefault(number, Counter())[status.value] += n
    found = []
    batches = await session.execute(
        select(Batch.number, *(getattr(Batch, status.value) for status in COUNTED))
        .where(Batch.campaign_id == campaign_id)
        .order_by(Batch.number)
    )
    for batch in batches:
        there = rows.pop(batch.number, Counter())
        found += [
            say(
                N_("batch {batch} counts {counted} {status}, its rows are {rows}"),
                batch=batch.number,
                counted=getattr(batch, status.value),
                status=status.value,
                rows=there[status.value],
            )
            for status in COUNTED
            if getattr(batch, status.value) != there[status.value]
        ]
    excluded = rows.pop(None, Counter())
    kept = await session.scalar(select(Campaign.excluded).where(Campaign.id == campaign_id))
    if set(excluded) - {Status.EXCLUDED.value} or excluded.total() != sum((kept or {}).values()):
        found.append(
            say(
                N_("{counted} copies are counted as excluded, the rows without a batch are {rows}"),
                counted=sum((kept or {}).values()),
                rows=excluded.total(),
            )
        )
    found += [
        say(N_("{rows} rows belong to batch {batch}, which is not there"), rows=n.total(), batch=it)
        for it, n in rows.items()
    ]
    return found
