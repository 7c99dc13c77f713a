"""Settling: the outcomes of a window's tries, written down in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, insert, update
from sqlalchemy.orm import Session

from mailer.bounces import deciding, session_refusals
from mailer.ledger.rows import LeasedBatch, change, count, doubted_among, lock_batch, lock_campaign
from mailer.models import Attempt, CampaignState, Delivery, Status
from mailer.outcomes import Kind, Reason, Result, next_try, reason_of


class End(NamedTuple):
    """The status that a row gets, and why; `doubted`: it may have arrived, and is tried again."""

    status: Status
    reason: str | None = None
    doubted: bool = False


LATER = End(Status.PENDING)
AGAIN = End(Status.PENDING, doubted=True)


@dataclass(frozen=True, slots=True)
class Rules:
    """How often a campaign's copies are tried, and whether copies in doubt are tried again."""

    tries: int
    cancelled: bool
    resend: bool
    over: bool
    """Whether the campaign has ended: this is late truth."""

    def was_last(self, result: Result) -> bool:
        """Whether no further try follows this one."""
        return self.cancelled or result.number >= self.tries


def settle(
    session: Session,
    batch: LeasedBatch,
    results: Sequence[Result],
    *,
    relay: str,
    delays: Sequence[float],
    now: datetime,
) -> Mapping[Status, int]:
    """Write down the outcomes of a window: rows, attempts and counts.

    Returns by how much each status changed. A row that was called uncertain meanwhile is corrected.
    A row with another lease is left alone. In a cancelled campaign nothing is tried again.
    """
    rules = _rules(session, batch, delays)
    # A worker that seemed dead may settle while another takes its batch and judges the same rows.
    lock_batch(session, batch.id)
    refused = [it for it in results if it.outcome.kind in (Kind.DEFERRED, Kind.FAILED)]
    doubted = doubted_among(session, [it.delivery_id for it in refused])
    ends: dict[End, list[Result]] = {}
    for result in results:
        ends.setdefault(_end(result, rules, doubted), []).append(result)
    written: set[int] = set()
    totals: Counter[Status] = Counter()
    for end, group in ends.items():
        missing = {it.delivery_id for it in group}
        for before in (Status.SENDING, Status.UNCERTAIN):
            if not missing:
                break
            changed = change(
                session,
                batch,
                Delivery.id.in_(missing),
                Delivery.status == before,
                Delivery.lease == batch.lease,
                status=end.status,
                reason=end.reason,
                attempts=Delivery.attempts + 1,
                # The lease ends: its own worker settles the row, and nobody will learn more. And if
                # the answer to a commit was lost, the second write must not count again.
                lease=None,
                **({"doubted": True} if end.doubted else {}),
            )
            missing -= changed
            written |= changed
            totals[end.status] += len(changed)
            totals[before] -= len(changed)
    recorded = [it for it in results if it.delivery_id in written]
    if recorded:
        session.execute(insert(Attempt), [_attempt(it, relay) for it in recorded])
    waiting = [*ends.get(LATER, ()), *ends.get(AGAIN, ())]
    postponed = [it for it in waiting if it.delivery_id in written]
    _postpone(session, postponed, delays)
    moved = {status.value: n for status, n in totals.items()}
    count(session, batch, progress=bool(recorded), **moved)
    failed = [it for it in recorded if it.outcome.kind is Kind.FAILED]
    unknown = failed and session_refusals.record(
        session, campaign_id=batch.campaign_id, provider=batch.provider, failed=failed, now=now
    )
    if unknown and rules.over:
        deciding.conclude(session, batch.campaign_id, now)
    return totals


def _rules(session: Session, batch: LeasedBatch, delays: Sequence[float]) -> Rules:
    terms = lock_campaign(session, batch.campaign_id)
    over = terms.cancelled or terms.state is CampaignState.FINISHED
    return Rules(
        len(delays) + 1, cancelled=terms.cancelled, resend=terms.resend_uncertain, over=over
    )


def _end(result: Result, rules: Rules, doubted: Collection[int]) -> End:
    """The status a row gets by its outcome; if it may have arrived, never failed or skipped."""
    match result.outcome.kind:
        case Kind.SENT:
            return End(Status.SENT)
        case Kind.UNCERTAIN if rules.resend and not rules.was_last(result):
            return AGAIN
        case Kind.UNCERTAIN:
            return End(Status.UNCERTAIN)
        case Kind.FAILED if result.delivery_id in doubted:
            return End(Status.UNCERTAIN)
        case Kind.FAILED:
            return End(Status.FAILED, reason_of(result.outcome).value)
        case Kind.DEFERRED if not rules.was_last(result):
            return LATER
        case Kind.DEFERRED if result.delivery_id in doubted:
            return End(Status.UNCERTAIN)
        case Kind.DEFERRED if rules.cancelled:
            return End(Status.SKIPPED, "cancelled")
        case Kind.DEFERRED:
            return End(Status.FAILED, Reason.GAVE_UP.value)


def _postpone(session: Session, deferred: Sequence[Result], delays: Sequence[float]) -> None:
    if deferred:
        session.execute(
            update(Delivery.__table__)  # type: ignore[arg-type]  # a Table, which a mapped class hides
            .where(
                Delivery.__table__.c.id == bindparam("row"),
                Delivery.__table__.c.status == Status.PENDING,
            )
            .values(next_attempt_at=bindparam("due")),
            [
                {"row": it.delivery_id, "due": it.moment + next_try(delays, it.number)}
                for it in deferred
            ],
        )


def _attempt(result: Result, relay: str) -> dict[str, object]:
    outcome = result.outcome
    return {
        "delivery_id": result.delivery_id,
        "number": result.number,
        "at": result.moment,
        "relay": relay,
        "outcome": outcome.kind.value,
        "stage": outcome.stage,
        "reply_code": outcome.code or None,
        "enhanced_code": outcome.enhanced,
        "reply_text": outcome.text,
        "milliseconds": outcome.milliseconds,
    }
