"""Recovery: rows of a dead worker are settled by its journal, or stay in doubt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from mailer.ledger.journal_record import (
    Findings,
    FindRecord,
    JournalRecord,
    Orphan,
    classify,
)
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
from mailer.ledger.settling import settle
from mailer.models import Batch, Delivery, Evidence, Source, Status
from mailer.outcomes import Result


def recover_orphans(session: Session, batch: LeasedBatch, find_record: FindRecord) -> None:
    """Settle a batch's rows that are in work under another lease, as far as its journal tells.

    The others become uncertain. They keep their lease, so that they can still be corrected.
    """
    rows = session.execute(
        select(Delivery.id, Delivery.attempts, Delivery.status, Delivery.lease).where(
            of(batch),
            Delivery.status == Status.SENDING,
            Delivery.lease.is_distinct_from(batch.lease),
        )
    ).all()
    for lease in {row.lease for row in rows}:
        orphans = [Orphan(row.id, row.attempts, row.status) for row in rows if row.lease == lease]
        _write(session, replace(batch, lease=lease), orphans, find_record(lease))


def replay(session: Session, record: JournalRecord) -> int | None:
    """Write down what a dead worker's journal says, also about rows called uncertain meanwhile.

    The caller holds the lock of the journal file, which proves that nobody works on the batch: so
    the batch is free at once. Returns the campaign's id if rows wait again, else None.
    """
    row = session.execute(
        select(Batch.campaign_id, Batch.number, Batch.provider).where(Batch.id == record.batch_id)
    ).one_or_none()
    if row is None:
        return None
    lock_campaign(session, row.campaign_id)
    # Another process of this machine may replay the same file: it waits here, and finds no rows.
    lock_batch(session, record.batch_id)
    session.execute(
        update(Batch)
        .where(Batch.id == record.batch_id, Batch.lease == record.lease)
        .values(lease=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    batch = LeasedBatch(
        record.batch_id,
        row.campaign_id,
        row.number,
        record.lease,
        takings=0,
        provider=row.provider,
    )
    rows = session.execute(
        select(Delivery.id, Delivery.attempts, Delivery.status).where(
            of(batch),
            Delivery.status.in_([Status.SENDING, Status.UNCERTAIN]),
            Delivery.lease == record.lease,
        )
    ).all()
    waits = _write(session, batch, [Orphan(*row) for row in rows], record)
    if waits:
        due_now(session, batch)
    return row.campaign_id if waits else None


def _write(
    session: Session, batch: LeasedBatch, orphans: Sequence[Orphan], record: JournalRecord | None
) -> bool:
    """Write down what became of the rows of a dead worker's taking; whether any waits again."""
    if not orphans:
        return False
    now = datetime.now(UTC)
    terms = lock_campaign(session, batch.campaign_id)
    found = classify(orphans, record, now)
    waits = False
    if found.answered and record is not None:
        moved = settle(
            session,
            batch,
            found.answered,
            relay=record.relay,
            delays=terms.retry_delays,
            now=now,
        )
        waits = moved.get(Status.PENDING, 0) > 0
    if terms.cancelled:
        _skip_unwritten(session, batch, found)
        waits = False
    else:
        _move(session, batch, found.unwritten, Status.PENDING)
        waits = waits or bool(found.unwritten)
    if terms.resend_uncertain and not terms.cancelled:
        _move(session, batch, found.in_doubt, Status.PENDING, doubted=True)
        waits = waits or bool(found.in_doubt)
    else:
        _call_uncertain(session, batch, found.in_doubt)
    uncertain = {it.delivery_id for it in orphans if it.status is Status.UNCERTAIN}
    told = {it.delivery_id for it in found.answered}
    _add_evidence(session, uncertain & told, "answered", found.answered)
    _add_evidence(session, uncertain & found.unwritten, "never written", ())
    return waits


def _skip_unwritten(session: Session, batch: LeasedBatch, found: Findings) -> None:
    """Skip unwritten rows of a cancelled campaign; one that may have arrived is uncertain."""
    may_have_arrived = doubted_among(session, found.unwritten)
    _move(session, batch, may_have_arrived, Status.UNCERTAIN)
    _move(session, batch, found.unwritten - may_have_arrived, Status.SKIPPED, "cancelled")


def _call_uncertain(session: Session, batch: LeasedBatch, ids: Collection[int]) -> None:
    """Call rows uncertain; they keep their lease, by which a journal may still correct them."""
    changed = change(
        session,
        batch,
        Delivery.id.in_(ids),
        Delivery.status == Status.SENDING,
        Delivery.lease == batch.lease,
        status=Status.UNCERTAIN,
    )
    count(session, batch, sending=-len(changed), uncertain=len(changed))


def _move(
    session: Session,
    batch: LeasedBatch,
    ids: Collection[int],
    status: Status,
    reason: str | None = None,
    **values: Any,
) -> None:
    """Give rows of a dead worker's taking a new status, and end their lease."""
    for before in (Status.SENDING, Status.UNCERTAIN):
        changed = change(
            session,
            batch,
            Delivery.id.in_(ids),
            Delivery.status == before,
            Delivery.lease == batch.lease,
            status=status,
            reason=reason,
            lease=None,
            **values,
        )
        if before is not status:
            deltas = {before.value: -len(changed), status.value: len(changed)}
            count(session, batch, progress=False, **deltas)


def _add_evidence(
    session: Session, ids: Collection[int], detail: str, answers: Sequence[Result]
) -> None:
    """Record evidence for copies that were called uncertain and are known now."""
    if not ids:
        return
    now = datetime.now(UTC)
    replies = {it.delivery_id: f"{it.outcome.code} {it.outcome.text}".strip() for it in answers}
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
