"""Settle and claim at once: settle one window and claim the next, in one transaction.

This is the common case of `settling` and `claiming`: the relay took each copy, and every due row
may be sent. It takes seven statements whose texts stay the same. In any other case nothing is
written, and NeedsSlowPath is raised. Then `settling` and `claiming` do it; they know all cases.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, Integer, Table, bindparam, case, select, update

from mailer.ledger.rows import Claimed, LeasedBatch
from mailer.models import Attempt, Batch, Campaign, CampaignState, Delivery, Stage, Status
from mailer.outcomes import Kind, Result
from pli.columns import clock
from pli.packing import ManyRows, among, gathered, packed_ids
from subscribers.consent import hindrance
from subscribers.models import Subscriber


class NeedsSlowPath(Exception):
    """The common case does not hold; the transaction is rolled back, so nothing is written."""


@dataclass(frozen=True, slots=True)
class ClaimedRows:
    """The rows claimed; `last`: nothing more of the batch may be claimed now."""

    rows: Sequence[Claimed]
    last: bool


def settle_and_claim(
    connection: Connection, batch: LeasedBatch, sent: Sequence[Result], *, relay: str, size: int
) -> ClaimedRows:
    """Settle copies that were sent and claim up to `size` due rows, or raise NeedsSlowPath.

    NeedsSlowPath: the lease is lost, a sent row is not in work under our lease, or a due row may
    not be sent. If the campaign does not run, nothing is claimed. Locks are taken in the order that
    `lock_campaign` names.
    """
    state = connection.scalar(_CAMPAIGN, {"campaign": batch.campaign_id})
    if connection.scalar(_BATCH, {"batch": batch.id, "held": batch.lease}) is None:
        raise NeedsSlowPath
    if sent:
        _settle(connection, batch, sent, relay)
    claimed = _claim(connection, batch, size) if state is CampaignState.RUNNING else []
    left = connection.scalar(
        _COUNTS, {"batch": batch.id, "settled": len(sent), "claimed": len(claimed)}
    )
    return ClaimedRows(claimed, last=not left or len(claimed) < size)


def _settle(connection: Connection, batch: LeasedBatch, sent: Sequence[Result], relay: str) -> None:
    changed = connection.execute(
        _SETTLE, {"ids": packed_ids([it.delivery_id for it in sent]), "held": batch.lease}
    )
    if changed.rowcount != len(sent):
        raise NeedsSlowPath
    rows = [
        (
            it.delivery_id,
            it.number,
            it.at,
            it.outcome.code,
            it.outcome.enhanced,
            it.outcome.text,
            it.outcome.milliseconds,
        )
        for it in sent
    ]
    _ATTEMPTS.write(
        connection,
        rows,
        {"relay": relay, "outcome": Kind.SENT.value, "stage": Stage.BODY.value},
    )


def _claim(connection: Connection, batch: LeasedBatch, size: int) -> list[Claimed]:
    found = connection.scalar(
        _DUE, {"campaign": batch.campaign_id, "number": batch.number, "size": size}
    )
    rows = json.loads(found or "[]")
    if any(row[-1] is not None for row in rows):
        raise NeedsSlowPath
    if rows:
        changed = connection.execute(
            _CLAIM, {"ids": packed_ids([row[0] for row in rows]), "held": batch.lease}
        )
        if changed.rowcount != len(rows):
            raise NeedsSlowPath
    return [tuple(row[:-1]) for row in rows]


_CAMPAIGN = (
    select(Campaign.state).where(Campaign.id == bindparam("campaign")).with_for_update(read=True)
)
_BATCH = (
    select(Batch.id)
    .where(Batch.id == bindparam("batch"), Batch.lease == bindparam("held"))
    .with_for_update()
)
_SETTLE = (
    update(Delivery)
    .where(
        Delivery.id.in_(among("ids")),
        Delivery.lease == bindparam("held"),
        Delivery.status == Status.SENDING,
    )
    .values(status=Status.SENT, reason=None, attempts=Delivery.attempts + 1, lease=None)
)
_ATTEMPTS = ManyRows(
    cast("Table", Attempt.__table__),
    columns=(
        "delivery_id", "number", "at", "reply_code", "enhanced_code", "reply_text", "milliseconds",
    ),
    shared=("relay", "outcome", "stage"),
)  # fmt: skip
_due = (
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
        case((Subscriber.id.is_(None), "erased"), else_=hindrance(Delivery.list_id)).label("why"),
    )
    .outerjoin_from(Delivery, Subscriber)
    .where(
        Delivery.campaign_id == bindparam("campaign"),
        Delivery.batch == bindparam("number"),
        Delivery.status == Status.PENDING,
        Delivery.next_attempt_at <= clock(),
    )
    .order_by(Delivery.next_attempt_at, Delivery.id)
    .limit(bindparam("size", type_=Integer()))
    .subquery()
)
_DUE = select(gathered(*_due.c))
_CLAIM = (
    update(Delivery)
    .where(Delivery.id.in_(among("ids")), Delivery.status == Status.PENDING)
    .values(status=Status.SENDING, reason=None, lease=bindparam("held"))
)
_COUNTS = (
    update(Batch)
    .where(Batch.id == bindparam("batch"))
    .values(
        pending=Batch.pending - bindparam("claimed"),
        sending=Batch.sending + bindparam("claimed") - bindparam("settled"),
        sent=Batch.sent + bindparam("settled"),
        takings=case((bindparam("settled") > 0, 0), else_=Batch.takings),
    )
    .returning(Batch.pending)
)
