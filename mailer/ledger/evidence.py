"""Evidence: proofs, found later, of what became of copies in doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, and_, false, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from mailer.models import Batch, Campaign, Delivery, Evidence, Source, Status
from pli import audit
from pli.actor import NOBODY, Actor
from pli.audit import AuditAction, AuditObject

_PIECE = 500
"""Rows in one statement: both databases limit the number of its parameters."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of one copy, and what proves it; `status` is sent, or failed with a reason."""

    delivery_id: int
    status: Status
    reason: str | None = None
    detail: str = ""


def in_doubt() -> ColumnElement[bool]:
    """Copies that may have arrived and are not in work: uncertain, or waiting to be sent again."""
    return or_(
        Delivery.status == Status.UNCERTAIN,
        and_(Delivery.status == Status.PENDING, Delivery.doubted),
    )


async def settle_by(
    session: AsyncSession,
    *,
    campaign_id: int,
    proofs: Sequence[Proof],
    source: Source,
    by: Actor = NOBODY,
    why: str = "",
    now: datetime,
) -> int:
    """Settle copies of a campaign that are in doubt, and record the evidence; how many copies.

    Copies that are not in doubt are left alone, so the same proof given twice does nothing. So are
    copies in work, which belong to their worker. A copy that waits to be sent again is not sent any
    more. The attempts stay as they were; the evidence stands beside them. This locks the campaign's
    row first, then its batches: the caller's transaction must not hold any of them.
    """
    return await session.run_sync(
        partial(
            settle,
            campaign_id=campaign_id,
            proofs=proofs,
            source=source,
            by=by,
            why=why,
            now=now,
        )
    )


def settle(
    session: Session,
    *,
    campaign_id: int,
    proofs: Sequence[Proof],
    source: Source,
    by: Actor = NOBODY,
    why: str = "",
    now: datetime,
) -> int:
    """`settle_by`, as a plain function over a session."""
    session.execute(
        select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(key_share=True)
    )
    # Of several proofs for one copy, the first counts.
    unique = list({it.delivery_id: it for it in reversed(proofs)}.values())
    settled = 0
    for start in range(0, len(unique), _PIECE):
        piece = unique[start : start + _PIECE]
        doubted = _in_doubt(session, campaign_id, [it.delivery_id for it in piece])
        known = [it for it in piece if it.delivery_id in doubted]
        for status, reason in {(it.status, it.reason) for it in known}:
            same = [it.delivery_id for it in known if (it.status, it.reason) == (status, reason)]
            session.execute(
                update(Delivery)
                .where(Delivery.id.in_(same), in_doubt())
                .values(status=status, reason=reason, lease=None, doubted=false())
                .execution_options(synchronize_session=False)
            )
        _move(session, campaign_id, ((*doubted[it.delivery_id], it.status) for it in known))
        if known:
            session.execute(insert(Evidence), [_row(it, source, now) for it in known])
        settled += len(known)
    if settled and by != NOBODY:
        audit.record(
            session,
            by=by,
            action=AuditAction.SETTLED,
            kind=AuditObject.CAMPAIGN,
            object_id=campaign_id,
            count=settled,
            why=why or source.value,
            now=now,
        )
    return settled


def _in_doubt(
    session: Session, campaign_id: int, ids: Sequence[int]
) -> dict[int, tuple[int | None, Status]]:
    """Lock those of these copies that are in doubt; by id, the batch and the present status.

    A row that is locked already is left out. Its own worker is settling a late reply, which counts
    for more than a proof. To wait for that lock while holding others could be a deadlock.
    """
    numbers = select(Delivery.batch).where(
        Delivery.campaign_id == campaign_id, Delivery.id.in_(ids)
    )
    # Batches first, as a claim locks them: else this and a claim could wait for each other.
    session.execute(
        select(Batch.id)
        .where(Batch.campaign_id == campaign_id, Batch.number.in_(numbers))
        .order_by(Batch.id)
        .with_for_update()
    )
    rows = session.execute(
        select(Delivery.id, Delivery.batch, Delivery.status)
        .where(Delivery.campaign_id == campaign_id, Delivery.id.in_(ids), in_doubt())
        .with_for_update(skip_locked=True)
    )
    return {row.id: (row.batch, row.status) for row in rows}


def _move(
    session: Session, campaign_id: int, ends: Iterable[tuple[int | None, Status, Status]]
) -> None:
    """Move the batches' counts with the rows, in the order of the batches' numbers."""
    moved: dict[int, Counter[Status]] = {}
    for batch, before, after in ends:
        if batch is not None:
            counts = moved.setdefault(batch, Counter())
            counts[before] -= 1
            counts[after] += 1
    for number, counts in sorted(moved.items()):
        session.execute(
            update(Batch)
            .where(Batch.campaign_id == campaign_id, Batch.number == number)
            .values({it.value: getattr(Batch, it.value) + n for it, n in counts.items()})
            .execution_options(synchronize_session=False)
        )


def _row(proof: Proof, source: Source, now: datetime) -> dict[str, object]:
    return {
        "delivery_id": proof.delivery_id,
        "at": now,
        "source": source,
        "status": proof.status,
        "detail": proof.detail,
    }
