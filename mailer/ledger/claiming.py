"""Claiming: a window of due rows goes into work, and those that may not leave are skipped."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, case, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from mailer.ledger.rows import Claimed, LeasedBatch, change, count, doubted_among, due_now, of, ours
from mailer.models import Delivery, Status
from pli.columns import clock
from subscribers.consent import hindrance, may_receive
from subscribers.models import Subscriber


@dataclass(frozen=True, slots=True)
class Window:
    """The rows that one claim took into work; `empty` if no row was due."""

    rows: Sequence[Row[Any]]
    empty: bool

    @property
    def tuples(self) -> Sequence[Claimed]:
        """The rows as `settle_and_claim` gives them: without `doubted` and `hindrance`."""
        return [tuple(row)[:-2] for row in self.rows]


def claim(session: Session, batch: LeasedBatch, *, size: int) -> Window:
    """Claim up to `size` due rows; rows whose person may no longer receive are skipped."""
    # Before the rows are read: while this claim waits for the lock, another window of the batch may
    # try a row and put it back. The count of its tries, as read before, would then be used twice.
    ours(session, batch)
    found = (
        session.execute(
            select(
                Delivery.id,
                Delivery.list_id,
                Delivery.attempts,
                Subscriber.id.label("subscriber_id"),
                Subscriber.email,
                Subscriber.first_name,
                Subscriber.last_name,
                Subscriber.language,
                Subscriber.attributes,
                Delivery.doubted,
                hindrance(Delivery.list_id).label("hindrance"),
            )
            .outerjoin_from(Delivery, Subscriber)
            .where(of(batch), Delivery.status == Status.PENDING, _due_now())
            .order_by(Delivery.next_attempt_at, Delivery.id)
            .limit(size)
        )
    ).all()
    reasons: dict[int, str] = {}
    receivable = []
    for row in found:
        if row.subscriber_id is None:
            reasons[row.id] = "erased"
        elif row.hindrance is not None:
            reasons[row.id] = row.hindrance
        else:
            receivable.append(row)
    may_have_arrived = {row.id for row in found if row.doubted}
    _skip_rows(session, batch, reasons, may_have_arrived, Status.PENDING)
    claimed = change(
        session,
        batch,
        Delivery.id.in_([row.id for row in receivable]),
        Delivery.status == Status.PENDING,
        status=Status.SENDING,
        reason=None,
        lease=batch.lease,
    )
    count(session, batch, pending=-len(claimed), sending=len(claimed))
    return Window([row for row in receivable if row.id in claimed], empty=not found)


async def hindered(session: AsyncSession, ids: Sequence[int]) -> Mapping[int, str]:
    """Why some of these claimed rows may no longer leave; asked again while they wait."""
    rows = await session.execute(
        # An erased person has no subscription either, but did not leave the list.
        select(
            Delivery.id,
            case((Subscriber.id.is_(None), "erased"), else_=hindrance(Delivery.list_id)),
        )
        .outerjoin_from(Delivery, Subscriber)
        .where(
            Delivery.id.in_(ids),
            or_(Subscriber.id.is_(None), ~may_receive(Delivery.list_id)),
        )
    )
    return {id_: reason for id_, reason in rows if reason is not None}


def put_back(session: Session, batch: LeasedBatch, ids: Sequence[int]) -> bool:
    """Let claimed rows wait again of which nothing was handed over; whether any was uncertain.

    While this worker seemed dead, rows may have been called uncertain. They still have our lease,
    so nobody else has sent them since. The campaign may have been finished without them.
    """
    late = False
    for before in (Status.SENDING, Status.UNCERTAIN):
        changed = change(
            session,
            batch,
            Delivery.id.in_(ids),
            Delivery.status == before,
            Delivery.lease == batch.lease,
            status=Status.PENDING,
            lease=None,
        )
        deltas = {before.value: -len(changed), "pending": len(changed)}
        count(session, batch, progress=False, **deltas)
        late = before is Status.UNCERTAIN and bool(changed)
    if late:
        due_now(session, batch)
    return late


def skip(session: Session, batch: LeasedBatch, reasons: Mapping[int, str]) -> None:
    """Skip claimed rows of which nothing was handed over, each with its reason.

    This includes rows that were called uncertain meanwhile, as `put_back` says.
    """
    may_have_arrived = doubted_among(session, reasons)
    for before in (Status.SENDING, Status.UNCERTAIN):
        _skip_rows(session, batch, reasons, may_have_arrived, before, Delivery.lease == batch.lease)


def _skip_rows(
    session: Session,
    batch: LeasedBatch,
    reasons: Mapping[int, str],
    may_have_arrived: Collection[int],
    before: Status,
    *where: ColumnElement[bool],
) -> None:
    """Skip rows, each with its reason; a copy that may have arrived is uncertain instead."""
    groups: dict[tuple[Status, str | None], list[int]] = {}
    for id_, reason in reasons.items():
        end = (Status.UNCERTAIN, None) if id_ in may_have_arrived else (Status.SKIPPED, reason)
        groups.setdefault(end, []).append(id_)
    for (status, why), ids in groups.items():
        changed = change(
            session,
            batch,
            Delivery.id.in_(ids),
            Delivery.status == before,
            *where,
            status=status,
            reason=why,
            lease=None,
        )
        if before is not status:
            deltas = {before.value: -len(changed), status.value: len(changed)}
            count(session, batch, progress=False, **deltas)


def _due_now() -> ColumnElement[bool]:
    return Delivery.next_attempt_at <= clock()
