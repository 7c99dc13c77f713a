"""Leases: which worker has a batch, and until when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from mailer.ledger.journal_record import FindRecord, no_record
from mailer.ledger.recovery import recover_orphans
from mailer.ledger.rows import LeasedBatch, lock_batch, lock_campaign, of
from mailer.models import Batch, Campaign, CampaignState, Delivery, Status, is_open
from mailer.scope import EVERYTHING, Scope
from pli.columns import clock
from subscribers.models import List

LEASE = timedelta(seconds=30)
LONGEST_LEASE = timedelta(seconds=60)
"""A lease that ends further ahead than this has lapsed: the clock was set back."""


class Due(NamedTuple):
    """A batch that wants a worker; `relays` of its list, in order (empty: all relays)."""

    id: int
    campaign_id: int
    provider: str
    relays: Sequence[str]


class Shut(NamedTuple):
    """Providers that nothing may be sent to now, within these lists; None stands for all."""

    providers: Collection[str] | None
    lists: Collection[int] | None = None


async def due(
    session: AsyncSession,
    *,
    limit: int,
    closed: Collection[int] = (),
    without: Collection[Shut] = (),
    scope: Scope = EVERYTHING,
) -> Sequence[Due]:
    """Batches that want a worker: they have due rows, or rows in work without a lease.

    `closed`: campaigns that may not send at this hour. `without`: what may not be sent to now.
    A batch with rows in work counts in any case, also in a paused or cancelled campaign, and out of
    `scope`: its worker died before it settled them, and nothing more is sent. Campaigns take turns:
    the first batch of each, then the second of each, and so on.
    """
    place = func.row_number().over(
        partition_by=Batch.campaign_id, order_by=[Batch.due_at, Batch.id]
    )
    turns = (
        select(
            Batch.id,
            Batch.campaign_id,
            Batch.provider,
            Batch.list_id,
            Batch.due_at,
            place.label("place"),
        )
        .join(Campaign)
        .where(
            or_(
                and_(
                    Campaign.state == CampaignState.RUNNING,
                    scope.campaigns(),
                    Batch.pending > 0,
                    Batch.due_at <= clock(),
                    Batch.campaign_id.not_in(closed) if closed else true(),
                    *(not_(_is_shut(it)) for it in without),
                ),
                and_(
                    Batch.sending > 0,
                    or_(scope.campaigns(), Campaign.state != CampaignState.RUNNING),
                ),
            ),
            is_open(),
            _unleased(),
        )
        .subquery()
    )
    batches = (
        select(turns.c.id, turns.c.campaign_id, turns.c.provider, List.relays)
        .join(List, List.id == turns.c.list_id)
        .order_by(turns.c.place, turns.c.due_at, turns.c.id)
        .limit(limit)
    )
    return [Due(*row) for row in await session.execute(batches)]


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
            .where(Batch.id == batch_id, true() if runs else Batch.sending > 0, _unleased())
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
) -> None:
    """Give a batch back; it is due again at its earliest row, and not within `wait` seconds.

    `blameless`: the cause of the end lies outside the batch, so the taking does not count.
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
    session.execute(
        update(Batch)
        .where(Batch.id == batch.id, Batch.lease == batch.lease)
        .values(lease=None, lease_until=None, takings=takings, due_at=due_at)
        .execution_options(synchronize_session=False)
    )


async def end_leases(session: AsyncSession) -> None:
    """End every lease; only for a caller with proof that no other engine lives (`pli.lock`)."""
    await session.execute(
        update(Batch)
        .where(Batch.lease.is_not(None))
        .values(lease=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


def _is_shut(shut: Shut) -> ColumnElement[bool]:
    return and_(
        true() if shut.lists is None else Batch.list_id.in_(shut.lists),
        true() if shut.providers is None else Batch.provider.in_(shut.providers),
    )


def _unleased() -> ColumnElement[bool]:
    return or_(
        Batch.lease.is_(None),
        Batch.lease_until < clock(),
        Batch.lease_until > clock(LONGEST_LEASE.total_seconds()),
    )
