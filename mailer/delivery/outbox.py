"""The ledger of one sending: the only writer of Delivery.status and of a batch's counts.

A batch is taken by a lease, its rows are claimed by the same lease and settled by it; every guard
stands in the WHERE, so that a second worker, a late reply or a replay can do no harm. Counts change
with the rows, by deltas, in the same transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.delivery.outcomes import Kind, Outcome, Reason, is_gone, next_try, reason_of
from mailer.models import Attempt, Batch, Campaign, CampaignState, Delivery, Status
from pli.database import clock
from subscribers import optout
from subscribers.consent import hindrance, may_receive
from subscribers.models import Subscriber, SuppressionReason

LEASE = timedelta(seconds=30)
LONGEST_LEASE = timedelta(seconds=60)
"""A lease further ahead has lapsed: the clock was set back."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch in a worker's hands."""

    id: int
    campaign_id: int
    number: int
    lease: int
    takings: int


@dataclass(frozen=True, slots=True)
class Result:
    """What the `number`-th try of one delivery came to."""

    delivery_id: int
    number: int
    at: datetime
    outcome: Outcome


class End(NamedTuple):
    """Where a row goes, and why."""

    status: Status
    reason: str | None = None


class LeaseLost(Exception):
    """The batch is ours no more: whatever was about to be written is not."""


async def due(session: AsyncSession, *, limit: int) -> Sequence[int]:
    """Batches that want a worker: due pending rows, or rows in work that nobody works on."""
    batches = (
        select(Batch.id)
        .join(Campaign)
        .where(
            Campaign.state == CampaignState.RUNNING,
            or_(and_(Batch.pending > 0, Batch.due_at <= clock()), Batch.sending > 0),
            _unleased(),
        )
        .order_by(Batch.due_at, Batch.id)
        .limit(limit)
    )
    return (await session.execute(batches)).scalars().all()


async def take(session: AsyncSession, *, batch_id: int, lease: int) -> Taken | None:
    """Take a batch; None if another has it or its campaign does not run.

    Rows found in work under another lease become uncertain: their worker is gone, and nobody can
    know what it had handed over. They keep that lease, so that late truth can still be told.
    """
    running = exists().where(
        Campaign.id == Batch.campaign_id, Campaign.state == CampaignState.RUNNING
    )
    row = (
        await session.execute(
            update(Batch)
            .where(Batch.id == batch_id, running, _unleased())
            .values(
                lease=lease, lease_until=clock(LEASE.total_seconds()), takings=Batch.takings + 1
            )
            .returning(Batch.campaign_id, Batch.number, Batch.takings)
            .execution_options(synchronize_session=False)
        )
    ).one_or_none()
    if row is None:
        return None
    taken = Taken(batch_id, row.campaign_id, row.number, lease, row.takings)
    orphans = await _change(
        session,
        taken,
        Delivery.status == Status.SENDING,
        Delivery.lease.is_distinct_from(lease),
        status=Status.UNCERTAIN,
        reason=None,
    )
    await _count(session, taken, sending=-len(orphans), uncertain=len(orphans))
    return taken


async def renew(session: AsyncSession, taken: Taken) -> bool:
    """Hold a batch for longer; False if it is ours no more."""
    renewed = await session.execute(
        update(Batch)
        .where(Batch.id == taken.id, Batch.lease == taken.lease)
        .values(lease_until=clock(LEASE.total_seconds()))
        .returning(Batch.id)
    )
    return renewed.one_or_none() is not None


@dataclass(frozen=True, slots=True)
class Window:
    """The rows that one claim put into our hands; `empty` when nothing was due any more."""

    rows: Sequence[Row[Any]]
    empty: bool


async def claim(session: AsyncSession, taken: Taken, *, size: int) -> Window:
    """Claim up to `size` due rows; those who may no longer receive are skipped, with the reason."""
    found = (
        await session.execute(
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
                hindrance(Delivery.list_id).label("hindrance"),
            )
            .outerjoin_from(Delivery, Subscriber)
            .where(_of(taken), Delivery.status == Status.PENDING, _due_now())
            .order_by(Delivery.next_attempt_at, Delivery.id)
            .limit(size)
        )
    ).all()
    await _ours(session, taken)
    hindered: dict[str, list[int]] = {}
    free = []
    for row in found:
        if row.subscriber_id is None:
            hindered.setdefault("erased", []).append(row.id)
        elif row.hindrance is not None:
            hindered.setdefault(row.hindrance, []).append(row.id)
        else:
            free.append(row)
    skipped = 0
    for reason, ids in hindered.items():
        skipped += len(
            await _change(
                session,
                taken,
                Delivery.id.in_(ids),
                Delivery.status == Status.PENDING,
                status=Status.SKIPPED,
                reason=reason,
            )
        )
    claimed = await _change(
        session,
        taken,
        Delivery.id.in_([row.id for row in free]),
        Delivery.status == Status.PENDING,
        status=Status.SENDING,
        reason=None,
        lease=taken.lease,
    )
    await _count(
        session, taken, pending=-skipped - len(claimed), skipped=skipped, sending=len(claimed)
    )
    return Window([row for row in free if row.id in claimed], empty=not found)


async def hindered(session: AsyncSession, ids: Sequence[int]) -> Mapping[int, str]:
    """Which of these rows may no longer leave, and why: asked again while they wait."""
    rows = await session.execute(
        select(Delivery.id, func.coalesce(hindrance(Delivery.list_id), "erased"))
        .outerjoin_from(Delivery, Subscriber)
        .where(
            Delivery.id.in_(ids),
            or_(Subscriber.id.is_(None), ~may_receive(Delivery.list_id)),
        )
    )
    return {id_: reason for id_, reason in rows if reason is not None}


async def settle(
    session: AsyncSession,
    taken: Taken,
    results: Sequence[Result],
    *,
    relay: str,
    delays: Sequence[float],
    now: datetime,
) -> Mapping[Status, int]:
    """Write down what a window came to: rows, attempts and counts; how many ended where.

    Late truth still counts: a row that was given up as uncertain meanwhile is corrected. A row that
    is ours no more by its lease is left alone. In a cancelled campaign nothing is tried again.
    """
    cancelled = await _is_cancelled(session, taken)
    ends: dict[End, list[Result]] = {}
    for result in results:
        ends.setdefault(_end(result, delays, cancelled=cancelled), []).append(result)
    written: set[int] = set()
    totals: Counter[Status] = Counter()
    for end, group in ends.items():
        missing = {it.delivery_id for it in group}
        for before in (Status.SENDING, Status.UNCERTAIN):
            if not missing:
                break
            changed = await _change(
                session,
                taken,
                Delivery.id.in_(missing),
                Delivery.status == before,
                Delivery.lease == taken.lease,
                status=end.status,
                reason=end.reason,
                attempts=Delivery.attempts + 1,
                # The uncertain keep theirs: by it a late reply may still correct them.
                lease=taken.lease if end.status is Status.UNCERTAIN else None,
            )
            missing -= changed
            written |= changed
            totals[end.status] += len(changed)
            totals[before] -= len(changed)
    recorded = [it for it in results if it.delivery_id in written]
    if recorded:
        await session.execute(insert(Attempt), [_attempt(it, relay) for it in recorded])
    postponed = [it for it in ends.get(End(Status.PENDING), ()) if it.delivery_id in written]
    await _postpone(session, postponed, delays)
    await _suppress_gone(session, recorded, now)
    moved = {status.value: n for status, n in totals.items()}
    await _count(session, taken, progress=bool(recorded), **moved)
    return totals


async def put_back(session: AsyncSession, taken: Taken, ids: Sequence[int]) -> None:
    """Rows of ours of which nothing was handed over wait again."""
    changed = await _change(
        session, taken, Delivery.id.in_(ids), *_still(taken), status=Status.PENDING, lease=None
    )
    await _count(session, taken, sending=-len(changed), pending=len(changed))


async def skip(session: AsyncSession, taken: Taken, reasons: Mapping[int, str]) -> None:
    """Rows of ours of which nothing was handed over, and that must not leave any more."""
    skipped = 0
    for reason in set(reasons.values()):
        changed = await _change(
            session,
            taken,
            Delivery.id.in_([id_ for id_, why in reasons.items() if why == reason]),
            *_still(taken),
            status=Status.SKIPPED,
            reason=reason,
            lease=None,
        )
        skipped += len(changed)
    await _count(session, taken, sending=-skipped, skipped=skipped)


async def release(session: AsyncSession, taken: Taken) -> None:
    """Give a batch back; it is due again at its earliest row."""
    earliest = (
        select(func.min(Delivery.next_attempt_at))
        .where(_of(taken), Delivery.status == Status.PENDING)
        .scalar_subquery()
    )
    await session.execute(
        update(Batch)
        .where(Batch.id == taken.id, Batch.lease == taken.lease)
        .values(lease=None, lease_until=None, due_at=func.coalesce(earliest, Batch.due_at))
        .execution_options(synchronize_session=False)
    )


async def cancel(session: AsyncSession, *, campaign_id: int) -> None:
    """What waits is skipped; what is in work is told by its worker."""
    await session.execute(
        update(Delivery)
        .where(Delivery.campaign_id == campaign_id, Delivery.status == Status.PENDING)
        .values(status=Status.SKIPPED, reason="cancelled")
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        update(Batch)
        .where(Batch.campaign_id == campaign_id, Batch.pending > 0)
        .values(skipped=Batch.skipped + Batch.pending, pending=0)
        .execution_options(synchronize_session=False)
    )


async def retry_uncertain(session: AsyncSession, *, campaign_id: int, now: datetime) -> int:
    """Send uncertain copies again, because a person says so; how many."""
    return await _again(session, campaign_id, Delivery.status == Status.UNCERTAIN, now=now)


async def retry_failed(session: AsyncSession, *, campaign_id: int, now: datetime) -> int:
    """Send failed copies again, because a person says so; how many. Their attempts stay."""
    return await _again(session, campaign_id, Delivery.status == Status.FAILED, now=now)


async def end_leases(session: AsyncSession) -> None:
    """Every lease is nobody's: for whoever has proof that no other engine lives (pli.lock)."""
    await session.execute(
        update(Batch)
        .where(Batch.lease.is_not(None))
        .values(lease=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


async def _again(
    session: AsyncSession, campaign_id: int, which: ColumnElement[bool], *, now: datetime
) -> int:
    rows = and_(Delivery.campaign_id == campaign_id, which)
    counted = (
        await session.execute(
            select(Delivery.batch, Delivery.status, func.count())
            .where(rows)
            .group_by(Delivery.batch, Delivery.status)
        )
    ).all()
    await session.execute(
        update(Delivery)
        .where(rows)
        .values(status=Status.PENDING, reason=None, lease=None, next_attempt_at=now)
        .execution_options(synchronize_session=False)
    )
    for number, status, n in counted:
        await session.execute(
            update(Batch)
            .where(Batch.campaign_id == campaign_id, Batch.number == number)
            .values(
                {
                    status.value: getattr(Batch, status.value) - n,
                    "pending": Batch.pending + n,
                    "due_at": now,
                    "takings": 0,
                }
            )
            .execution_options(synchronize_session=False)
        )
    return sum(n for _, _, n in counted)


async def _is_cancelled(session: AsyncSession, taken: Taken) -> bool:
    state = await session.execute(select(Campaign.state).where(Campaign.id == taken.campaign_id))
    return state.scalar_one() is CampaignState.CANCELLED


def _unleased() -> ColumnElement[bool]:
    return or_(
        Batch.lease.is_(None),
        Batch.lease_until < clock(),
        Batch.lease_until > clock(LONGEST_LEASE.total_seconds()),
    )


def _of(taken: Taken) -> ColumnElement[bool]:
    return and_(Delivery.campaign_id == taken.campaign_id, Delivery.batch == taken.number)


def _due_now() -> ColumnElement[bool]:
    return Delivery.next_attempt_at <= clock()


def _still(taken: Taken) -> tuple[ColumnElement[bool], ...]:
    return (Delivery.status == Status.SENDING, Delivery.lease == taken.lease)


async def _ours(session: AsyncSession, taken: Taken) -> None:
    held = await session.execute(
        select(Batch.id).where(Batch.id == taken.id, Batch.lease == taken.lease).with_for_update()
    )
    if held.one_or_none() is None:
        raise LeaseLost


async def _change(
    session: AsyncSession, taken: Taken, *where: ColumnElement[bool], **values: Any
) -> set[int]:
    """Change rows of a batch; which ones they were."""
    changed = await session.execute(
        update(Delivery)
        .where(_of(taken), *where)
        .values(values)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return set(changed.scalars())


async def _count(
    session: AsyncSession, taken: Taken, *, progress: bool = False, **deltas: int
) -> None:
    """Move a batch's counts; any recorded outcome is progress."""
    values: dict[str, Any] = {
        name: getattr(Batch, name) + delta for name, delta in deltas.items() if delta
    }
    if progress:
        values["takings"] = 0
    if values:
        await session.execute(
            update(Batch)
            .where(Batch.id == taken.id)
            .values(values)
            .execution_options(synchronize_session=False)
        )


def _end(result: Result, delays: Sequence[float], *, cancelled: bool) -> End:
    """Where a row goes by its outcome."""
    match result.outcome.kind:
        case Kind.SENT:
            return End(Status.SENT)
        case Kind.UNCERTAIN:
            return End(Status.UNCERTAIN)
        case Kind.FAILED:
            return End(Status.FAILED, reason_of(result.outcome).value)
        case Kind.DEFERRED if cancelled:
            return End(Status.SKIPPED, "cancelled")
        case Kind.DEFERRED if result.number > len(delays):
            return End(Status.FAILED, Reason.GAVE_UP.value)
        case Kind.DEFERRED:
            return End(Status.PENDING)


async def _postpone(
    session: AsyncSession, deferred: Sequence[Result], delays: Sequence[float]
) -> None:
    if deferred:
        await session.execute(
            update(Delivery.__table__)  # type: ignore[arg-type]  # a Table, which a mapped class hides
            .where(
                Delivery.__table__.c.id == bindparam("row"),
                Delivery.__table__.c.status == Status.PENDING,
            )
            .values(next_attempt_at=bindparam("due")),
            [
                {"row": it.delivery_id, "due": it.at + next_try(delays, it.number)}
                for it in deferred
            ],
        )


def _attempt(result: Result, relay: str) -> dict[str, object]:
    outcome = result.outcome
    return {
        "delivery_id": result.delivery_id,
        "number": result.number,
        "at": result.at,
        "relay": relay,
        "outcome": outcome.kind.value,
        "stage": outcome.stage,
        "reply_code": outcome.code or None,
        "enhanced_code": outcome.enhanced,
        "reply_text": outcome.text,
        "milliseconds": outcome.milliseconds,
    }


async def _suppress_gone(session: AsyncSession, results: Sequence[Result], now: datetime) -> None:
    """5.1.1 at RCPT is a hard bounce that did not have to travel."""
    gone = [it.delivery_id for it in results if is_gone(it.outcome)]
    if not gone:
        return
    keys = await session.execute(
        select(Subscriber.address_key)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(Delivery.id.in_(gone))
    )
    for key in keys.scalars().all():
        await optout.suppress(
            session,
            address_key=key,
            reason=SuppressionReason.HARD_BOUNCE,
            source="5.1.1 at RCPT",
            now=now,
        )
