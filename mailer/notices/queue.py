"""The queue of notices: single mails that are no letter, claimed and settled one by one.

No campaign counts them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    exists,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Notice, NoticeKind, Status
from mailer.outcomes import Kind, Reason, Result, next_try, reason_of
from mailer.scope import EVERYTHING, Scope
from pli.columns import clock
from subscribers.models import Suppression

NOTICE_LEASE = timedelta(seconds=120)
"""The lease of a notice. It is not renewed, since one mail takes seconds."""
NO_RELAY = "no_relay"
"""The reason of a notice that waits without a try: the relay could not be used at all."""
DELAYS = (60.0, 300.0, 900.0, 3600.0)
"""Seconds before each further try: a person waits for a test copy for minutes, not days."""


ClaimedNotice = tuple[int, NoticeKind, str, bytes, str, int]


def notices_due(*, scope: Scope = EVERYTHING) -> Select[int, datetime]:
    """Selects the ids of notices that want a worker, the longest due first, and since when."""
    # A new one is due since the day before it was ordered.
    since = case(
        (Notice.status == Status.SENDING, Notice.lease_until),
        (Notice.next_attempt_at < Notice.created_at, Notice.created_at),
        else_=Notice.next_attempt_at,
    )
    return (
        select(Notice.id, since.label("since"))
        .where(_wanted(), scope.notices())
        .order_by(Notice.next_attempt_at, Notice.id)
    )


async def due_in(session: AsyncSession, notice_id: int) -> float | None:
    """Seconds until a notice that waits is due, or is nobody's any more; None: it is over."""
    due = case((Notice.status == Status.SENDING, Notice.lease_until), else_=Notice.next_attempt_at)
    found = await session.execute(select(due, clock()).where(Notice.id == notice_id, _OPEN))
    row = found.one_or_none()
    return None if row is None else max(0.0, (row[0] - row[1]).total_seconds())


async def claim_notices(
    session: AsyncSession, *, lease: int, limit: int, scope: Scope = EVERYTHING
) -> Sequence[Row[*ClaimedNotice]]:
    """Claim due notices.

    Notices of a dead worker become uncertain. Those to suppressed addresses are skipped, but for
    mails to people of the office: a suppression says that letters are not wanted.
    """
    await _update(
        session,
        and_(_lapsed(), scope.notices()),
        status=Status.UNCERTAIN,
        content=_EMPTIED,
    )
    await _update(
        session,
        and_(
            _waits(),
            scope.notices(),
            # Who of the office asked to get no letters still decides about them.
            Notice.kind.not_in((NoticeKind.ACCOUNT, NoticeKind.FORWARD, NoticeKind.OFFICE)),
            exists().where(Suppression.address_key == Notice.address_key),
        ),
        status=Status.SKIPPED,
        reason="suppressed",
    )
    chosen = (
        select(Notice.id)
        .where(_waits(), scope.notices())
        .order_by(Notice.next_attempt_at, Notice.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = (await session.execute(chosen)).scalars().all()
    if not ids:
        return []
    claimed = await session.execute(
        update(Notice)
        .where(Notice.id.in_(ids), _waits())
        .values(
            status=Status.SENDING,
            lease=lease,
            lease_until=clock(NOTICE_LEASE.total_seconds()),
        )
        .returning(
            Notice.id,
            Notice.kind,
            Notice.address,
            Notice.address_key,
            Notice.content,
            Notice.attempts,
        )
        .execution_options(synchronize_session=False)
    )
    return claimed.all()


async def settle_notice(session: AsyncSession, result: Result, *, lease: int, relay: str) -> None:
    """Write down the outcome of a try.

    A notice that was called uncertain meanwhile is corrected; one with another lease is left alone.
    """
    outcome = result.outcome
    values: dict[str, Any] = {"reason": None, "next_attempt_at": None}
    match outcome.kind:
        case Kind.SENT:
            values["status"] = Status.SENT
        case Kind.UNCERTAIN:
            values["status"] = Status.UNCERTAIN
        case Kind.FAILED:
            values |= {"status": Status.FAILED, "reason": reason_of(outcome).value}
        case Kind.DEFERRED if result.number <= len(DELAYS):
            due = result.moment + next_try(DELAYS, result.number)
            values |= {"status": Status.PENDING, "next_attempt_at": due}
        case Kind.DEFERRED:
            values |= {"status": Status.FAILED, "reason": Reason.GAVE_UP.value}
    if values["status"] is not Status.PENDING:
        values["content"] = _EMPTIED
    await _update(
        session,
        and_(
            Notice.id == result.delivery_id,
            Notice.lease == lease,
            Notice.status.in_([Status.SENDING, Status.UNCERTAIN]),
        ),
        lease=None,
        lease_until=None,
        attempts=result.number,
        last_attempt_at=result.moment,
        relay=relay,
        reply_code=outcome.code or None,
        enhanced_code=outcome.enhanced,
        reply_text=outcome.text,
        **values,
    )


async def put_back_notice(
    session: AsyncSession,
    notice_id: int,
    *,
    lease: int,
    due: datetime,
    relay: str = "",
    trouble: str | None = None,
) -> None:
    """Let a notice wait until `due`, because nothing of it was handed over.

    This includes a notice called uncertain meanwhile, which waited for a slow relay past its lease.
    `trouble` is what the `relay` said if it could not be used. It is kept for the person who waits.
    """
    told = {} if trouble is None else {"reason": NO_RELAY, "relay": relay, "reply_text": trouble}
    await _update(
        session,
        and_(
            Notice.id == notice_id,
            Notice.lease == lease,
            Notice.status.in_([Status.SENDING, Status.UNCERTAIN]),
        ),
        status=Status.PENDING,
        lease=None,
        lease_until=None,
        next_attempt_at=due,
        **told,
    )


def _waits() -> ColumnElement[bool]:
    return and_(_OPEN, Notice.status == Status.PENDING, Notice.next_attempt_at <= clock())


def _wanted() -> ColumnElement[bool]:
    return and_(_OPEN, or_(_waits(), _lapsed()))


def _lapsed() -> ColumnElement[bool]:
    """Whether the worker is gone. A lease far ahead has lapsed, too: the clock was set back."""
    over = or_(
        Notice.lease_until < clock(),
        Notice.lease_until > clock(2 * NOTICE_LEASE.total_seconds()),
    )
    return and_(_OPEN, Notice.status == Status.SENDING, over)


_EMPTIED = case(
    (Notice.kind.in_((NoticeKind.ACCOUNT, NoticeKind.FORWARD)), ""), else_=Notice.content
)
"""The content of what is over: a link that lets its reader in stays nowhere, nor what members
wrote."""
_OPEN: ColumnElement[bool] = literal_column("notice.status IN ('pending', 'sending')")
"""Written as in `ix_notice_due`: with parameters, SQLite would not use the index."""


async def _update(session: AsyncSession, where: ColumnElement[bool], **values: Any) -> None:
    await session.execute(
        update(Notice).where(where).values(values).execution_options(synchronize_session=False)
    )
