"""Leases: which worker has a batch, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from mailer.ledger.due import unleased
from mailer.ledger.journal_record import FindRecord, no_record
from mailer.ledger.recovery import recover_orphans
from mailer.ledger.rows import LeasedBatch, lock_batch, lock_campaign, of
from mailer.models import Batch, CampaignState, Delivery, Status
from mailer.scope import EVERYTHING, Scope
from pli.columns import clock

LEASE = timedelta(seconds=30)


class Left(NamedTuple):
    """What is left of a batch that was given back; it is due `due_in` seconds from then."""

    pending: int
    sending: int
    due_in: float


def take(
    session: Session,
    *,
    batch_id: int,
    lease: int,
    find_record: FindRecord = no_record,
    scope: Scope = EVERYTHING,
) -> LeasedBatch | None:
    """Take a batch; None if another worker has it, or if there is nothing to do in it.

    Out of `scope` only what a dead worker left is settled, as in a campaign that does not run.
    Rows in work under another lease are settled as far as the record from `find_record` tells. The
    others become uncertain. They keep that lease, so that its worker or journal can still correct
    them.
    """
    campaign_id = session.scalar(select(Batch.campaign_id).where(Batch.id == batch_id))
    if campaign_id is None:
        return None
    terms = lock_campaign(session, campaign_id)
    runs = terms.state is CampaignState.RUNNING and scope.includes(campaign_id)
    row = (
        session.execute(
            update(Batch)
            .where(Batch.id == batch_id, true() if runs else Batch.sending > 0, unleased())
            .values(
                lease=lease, lease_until=clock(LEASE.total_seconds()), takings=Batch.takings + 1
            )
            .returning(Batch.campaign_id, Batch.number, Batch.takings, Batch.provider)
            .execution_options(synchronize_session=False)
        )
    ).one_or_none()
    if row is None:
        return None
    batch = LeasedBatch(
        batch_id, row.campaign_id, row.number, lease, row.takings, runs, provider=row.provider
    )
    recover_orphans(session, batch, find_record)
    return batch


def renew(session: Session, batch: LeasedBatch) -> bool:
    """Hold a batch for longer; False if the lease is lost."""
    renewed = session.execute(
        update(Batch)
        .where(Batch.id == batch.id, Batch.lease == batch.lease)
        .values(lease_until=clock(LEASE.total_seconds()))
        .returning(Batch.id)
    )
    return renewed.one_or_none() is not None


def release(
    session: Session,
    batch: LeasedBatch,
    *,
    blameless: bool = False,
    wait: float = 0.0,
) -> Left | None:
    """Give a batch back; it is due again at its earliest row, and not within `wait` seconds.

    `blameless`: the cause of the end lies outside the batch, so the taking does not count. Returns
    what is left of the batch; None if the lease is lost.
    """
    # The lock is a statement of its own. An UPDATE that waited for a retry's lock would not see the
    # rows of that retry, and would make the batch due too late for them.
    lock_batch(session, batch.id)
    takings = case((Batch.takings > 0, Batch.takings - 1), else_=0) if blameless else Batch.takings
    earliest = (
        select(func.min(Delivery.next_attempt_at))
        .where(of(batch), Delivery.status == Status.PENDING)
        .scalar_subquery()
    )
    due_at: ColumnElement[datetime] = func.coalesce(earliest, Batch.due_at)
    if wait:
        # `wait` counts from the clock as it is now: a time computed earlier may be far ahead, if
        # the clock was set back meanwhile.
        due_at = case((due_at < clock(wait), clock(wait)), else_=due_at)
    left = session.execute(
        update(Batch)
        .where(Batch.id == batch.id, Batch.lease == batch.lease)
        .values(lease=None, lease_until=None, takings=takings, due_at=due_at)
        .returning(Batch.pending, Batch.sending, Batch.due_at, clock().label("now"))
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if left is None:
        return None
    return Left(left.pending, left.sending, (left.due_at - left.now).total_seconds())


async def end_leases(session: AsyncSession) -> None:
    """End every lease; only for a caller with proof that no other engine lives (`pli.lock`)."""
    await session.execute(
        update(Batch)
        .where(Batch.lease.is_not(None))
        .values(lease=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
