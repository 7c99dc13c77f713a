"""The balance: the counts in a campaign's batches must equal its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

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
"""The statuses that a batch counts; excluded copies belong to no batch."""

Tally = Mapping[int | None, Counter[Status]]
"""Copies of each status, by the batch's number; None is for the excluded."""


def rows_of(campaign_id: int, status: Status) -> ColumnElement[bool]:
    """The copies of one status, looked for only in batches that count any.

    Excluded copies belong to no batch. Each has a reason, and reasons have an index.
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


async def tally(
    session: AsyncSession, *, campaign_id: int, list_ids: Collection[int] | None = None
) -> Tally:
    """Count every row of a campaign by batch and status, in one walk; of these lists, if given.

    Conditional sums count the statuses, because the rows come in the order of batches. Grouped by
    status as well, a million rows would be sorted in memory first (SQLite: 110 MB).
    """
    rows = await session.execute(
        select(
            Delivery.batch,
            *(func.sum(case((Delivery.status == status, 1), else_=0)) for status in Status),
        )
        .where(Delivery.campaign_id == campaign_id, *_on(Delivery.list_id, list_ids))
        .group_by(Delivery.batch)
    )
    return {
        number: Counter({status: n for status, n in zip(Status, counted, strict=True) if n})
        for number, *counted in rows
    }


async def faults(
    session: AsyncSession,
    *,
    campaign_id: int,
    counted: Tally | None = None,
    list_ids: Collection[int] | None = None,
) -> list[Sentence]:
    """Where a campaign's counts and rows differ, batch by batch; empty when the balance is right.

    `counted`: the tally, if the caller has it already. `list_ids` looks only at the batches of
    these lists; how many are excluded is then not compared, for that is kept for all lists.
    """
    if counted is None:
        counted = await tally(session, campaign_id=campaign_id, list_ids=list_ids)
    rows = dict(counted)
    found = []
    batches = await session.execute(
        select(Batch.number, *(getattr(Batch, status.value) for status in COUNTED))
        .where(Batch.campaign_id == campaign_id, *_on(Batch.list_id, list_ids))
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
                rows=there[status],
            )
            for status in COUNTED
            if getattr(batch, status.value) != there[status]
        ]
    excluded = rows.pop(None, Counter())
    kept = await session.scalar(select(Campaign.excluded).where(Campaign.id == campaign_id))
    whole = list_ids is None and excluded.total() != sum((kept or {}).values())
    if set(excluded) - {Status.EXCLUDED} or whole:
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


def _on(
    column: InstrumentedAttribute[int], list_ids: Collection[int] | None
) -> Iterator[ColumnElement[bool]]:
    if list_ids is not None:
        yield column.in_(list_ids)
