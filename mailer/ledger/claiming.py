"""Claiming: a window of due rows becomes ours, and what of it must not leave is told apart."""

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
    """The rows that one claim put into our hands; `empty` when nothing was due any more."""

    rows: Sequence[Row[Any]]
    empty: bool

    @property
    def tuples(self) -> Sequence[Claimed]:
        """The same as a turn gives them, without what was asked of them besides."""
        return [tuple(row)[:-2] for row in self.rows]


def claim(session: Session, batch: LeasedBatch, *, size: int) -> Window:
    """Claim up to `size` due rows; those who may no longer receive are skipped, with the reason."""
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
    ours(session, batch)
    kept: dict[int, str] = {}
    free = []
    for row in found:
        if row.subscriber_id is None:
            kept[row.id] = "erased"
        elif row.hindrance is not None:
            kept[row.id] = row.hindrance
        else:
            free.append(row)
    may_have_come = {row.id for row in found if row.doubted}
    _keep(session, batch, kept, may_have_come, Status.PENDING)
    claimed = change(
        session,
        batch,
        Delivery.id.in_([row.id for row in free]),
        Delivery.status == Status.PENDING,
        status=Status.SENDING,
        reason=None,
        lease=batch.lease,
    )
    count(session, batch, pending=-len(claimed), sending=len(claimed))
    return Window([row for row in free if row.id in claimed], empty=not found)


async def hindered(session: AsyncSession, ids: Sequence[int]) -> Mapping[int, str]:
    """Which of these rows may no longer leave, and why: asked again while they wait."""
    rows = await session.execute(
        # Whoever is gone has no subscription either, and did not leave by himself.
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
    """Rows of ours of which nothing was handed over wait again.

    Also those that were called uncertain meanwhile, when we seemed dead: by our lease nobody else
    has had them since. Whether there were such: the campaign may have been finished without them.
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
    """Rows of ours of which nothing was handed over, and that must not leave any more.

    Also those that were called uncertain meanwhile, as `put_back` says.
    """
    may_have_come = doubted_among(session, reasons)
    for before in (Status.SENDING, Status.UNCERTAIN):
        _keep(session, batch, reasons, may_have_come, before, Delivery.lease == batch.lease)


def _keep(
    session: Session,
    batch: LeasedBatch,
    reasons: Mapping[int, str],
    may_have_come: Collection[int],
    before: Status,
    *where: ColumnElement[bool],
) -> None:
    """Rows that do not leave are skipped, each with its reason; what may have come is in doubt."""
    groups: dict[tuple[Status, str | None], list[int]] = {}
    for id_, reason in reasons.items():
        end = (Status.UNCERTAIN, None) if id_ in may_have_come else (Status.SKIPPED, reason)
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
