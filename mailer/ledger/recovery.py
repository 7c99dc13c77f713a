"""Rows whose worker is gone: what its journal can say of them, and what stays in doubt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from mailer.ledger.rows import (
    LeasedBatch,
    change,
    count,
    doubted_among,
    due_now,
    lock_batch,
    lock_campaign,
    of,
)
from mailer.ledger.settling import Result, settle
from mailer.models import Batch, Delivery, Evidence, Source, Status
from mailer.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Note:
    """The last that was noted of one try; without an outcome, its body had been handed over."""

    number: int
    at: datetime | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """What a dead worker's journal says of one taking.

    `complete`: nothing it noted can be missing (the machine has not been restarted since), so that
    what is not in it was never written to the wire.
    """

    batch_id: int
    lease: int
    relay: str
    complete: bool
    notes: Mapping[int, Note]


FindRecord = Callable[[int], JournalRecord | None]
"""The record about a lease; None where there is none, or where its worker may still live."""


def no_record(lease: int) -> None:
    """Nobody has seen anything."""
    del lease


def judge_orphans(session: Session, taken: LeasedBatch, find_record: FindRecord) -> None:
    """Settle a batch's rows that are in work under another lease.

    As far as a journal tells; the rest is uncertain, and keeps its lease for later truth.
    """
    orphans = (
        session.execute(
            select(Delivery.id, Delivery.attempts, Delivery.status, Delivery.lease).where(
                of(taken),
                Delivery.status == Status.SENDING,
                Delivery.lease.is_distinct_from(taken.lease),
            )
        )
    ).all()
    for lease in {row.lease for row in orphans}:
        rows = [row for row in orphans if row.lease == lease]
        _judge(session, replace(taken, lease=lease), rows, find_record(lease))


def replay(session: Session, record: JournalRecord) -> int | None:
    """Write down what a dead worker's journal says, late truth included.

    Its batch is free at once: the journal's lock, which we hold, proves that nobody works on it.
    The campaign's id, if rows of it wait again.
    """
    batch = (
        session.execute(select(Batch.campaign_id, Batch.number).where(Batch.id == record.batch_id))
    ).one_or_none()
    if batch is None:
        return None
    lock_campaign(session, batch.campaign_id)
    # Another process of this machine may hear the same: it waits here, and finds nothing left.
    lock_batch(session, record.batch_id)
    session.execute(
        update(Batch)
        .where(Batch.id == record.batch_id, Batch.lease == record.lease)
        .values(lease=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    taken = LeasedBatch(record.batch_id, batch.campaign_id, batch.number, record.lease, takings=0)
    rows = (
        session.execute(
            select(Delivery.id, Delivery.attempts, Delivery.status).where(
                of(taken),
                Delivery.status.in_([Status.SENDING, Status.UNCERTAIN]),
                Delivery.lease == record.lease,
            )
        )
    ).all()
    waits = _judge(session, taken, rows, record)
    if waits:
        due_now(session, taken)
    return batch.campaign_id if waits else None


def _judge(
    session: Session,
    taken: LeasedBatch,
    rows: Sequence[Row[*tuple[Any, ...]]],
    record: JournalRecord | None,
) -> bool:
    """Settle the rows of one dead taking; whether any of them waits again."""
    if not rows:
        return False
    campaign = lock_campaign(session, taken.campaign_id)
    told: list[Result] = []
    untouched: set[int] = set()
    doubted: set[int] = set()
    for row in rows:
        note = record.notes.get(row.id) if record else None
        if note is not None and note.number != row.attempts + 1:
            if row.status is Status.UNCERTAIN:
                continue  # settled as what it is: there is no later truth
            note = None  # of an earlier try, which is settled
        if note is not None and note.outcome is not None:
            told.append(
                Result(
                    row.id, note.number, (note.at or datetime.now(UTC)).timestamp(), note.outcome
                )
            )
        elif note is None and record is not None and record.complete:
            untouched.add(row.id)
        else:
            doubted.add(row.id)
    before = {row.id for row in rows if row.status is Status.UNCERTAIN}
    waits = bool(untouched)
    if told and record is not None:
        moved = settle(
            session,
            taken,
            told,
            relay=record.relay,
            delays=campaign.retry_delays,
            now=datetime.now(UTC),
        )
        waits = waits or moved.get(Status.PENDING, 0) > 0
    if campaign.cancelled:
        may_have_come = doubted_among(session, untouched)
        _release(session, taken, may_have_come, Status.UNCERTAIN)
        _release(session, taken, untouched - may_have_come, Status.SKIPPED, "cancelled")
        waits = False
    else:
        _release(session, taken, untouched, Status.PENDING)
    if campaign.resend_uncertain and not campaign.cancelled:
        _release(session, taken, doubted, Status.PENDING, doubted=True)
        waits = waits or bool(doubted)
    else:
        changed = change(
            session,
            taken,
            Delivery.id.in_(doubted),
            Delivery.status == Status.SENDING,
            Delivery.lease == taken.lease,
            status=Status.UNCERTAIN,
        )
        count(session, taken, sending=-len(changed), uncertain=len(changed))
    _put_on_record(session, before & {it.delivery_id for it in told}, "answered", told)
    _put_on_record(session, before & untouched, "never written", ())
    return waits


def _release(
    session: Session,
    taken: LeasedBatch,
    ids: Collection[int],
    status: Status,
    reason: str | None = None,
    **values: Any,
) -> None:
    for before in (Status.SENDING, Status.UNCERTAIN):
        changed = change(
            session,
            taken,
            Delivery.id.in_(ids),
            Delivery.status == before,
            Delivery.lease == taken.lease,
            status=status,
            reason=reason,
            lease=None,
            **values,
        )
        if before is not status:
            deltas = {before.value: -len(changed), status.value: len(changed)}
            count(session, taken, progress=False, **deltas)


def _put_on_record(
    session: Session, ids: Collection[int], detail: str, told: Sequence[Result]
) -> None:
    """What had been called uncertain and is known now stands with the copy."""
    if not ids:
        return
    now = datetime.now(UTC)
    replies = {it.delivery_id: f"{it.outcome.code} {it.outcome.text}".strip() for it in told}
    status = session.execute(select(Delivery.id, Delivery.status).where(Delivery.id.in_(ids)))
    session.execute(
        insert(Evidence),
        [
            {
                "delivery_id": row.id,
                "at": now,
                "source": Source.JOURNAL,
                "status": row.status,
                "detail": replies.get(row.id) or detail,
            }
            for row in status
        ],
    )
