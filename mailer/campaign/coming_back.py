"""Takes in mails that came back: what follows from them, and what they prove of copies in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.bounce_models import Bounce
from mailer.bounces import handling
from mailer.bounces.arrivals import Arrival
from mailer.bounces.handling import Came
from mailer.bounces.report import Kind
from mailer.bounces.rules import USUAL, BounceRules
from mailer.ledger import evidence
from mailer.ledger.evidence import Proof
from mailer.links import FIRST_NUMBER
from mailer.models import Delivery, Source, Status
from pli.packing import among, packed_ids
from subscribers import optout


def take_in_all(
    session: Session, arrivals: Sequence[Arrival], *, rules: BounceRules = USUAL, now: datetime
) -> Sequence[Came]:
    """Record what came back, in few statements, and settle doubts: what comes back had left.

    `arrivals` are read before (`read_arrival`), outside of the transaction, some hundreds at most.
    The rows are the same as if each mail were taken in by a call of its own. The same mail again
    changes nothing.
    """
    came: list[Came] = []
    for some in _until_a_doubt(session, arrivals):
        found = handling.record(session, some, rules=rules, now=now)
        _settle_doubts(session, [it.bounce_id for it in found if it.bounce_id], now)
        for it in found:
            if it.kind is Kind.LEAVE and it.bounce_id is not None:
                _leave(session, it.bounce_id, now)
        came += found
    return came


def _until_a_doubt(session: Session, arrivals: Sequence[Arrival]) -> Iterator[Sequence[Arrival]]:
    """Yield the arrivals in parts, each of which ends with a copy that waits to be sent again.

    Once that is settled, more of its campaign is answered, by which a burst is judged.
    """
    numbers = {it.number for it in arrivals if it.number is not None and it.number < FIRST_NUMBER}
    waiting = set(session.scalars(_DOUBTED, {"ids": packed_ids(sorted(numbers))}))
    begin = 0
    for place, it in enumerate(arrivals, 1):
        if it.number in waiting or place == len(arrivals):
            yield arrivals[begin:place]
            begin = place


_DOUBTED = select(Delivery.id).where(
    Delivery.id.in_(among("ids")), Delivery.status == Status.PENDING, Delivery.doubted
)


def _leave(session: Session, bounce_id: int, now: datetime) -> None:
    """A provider passes on that the person wants no more of this list."""
    row = session.execute(
        select(Delivery.id, Delivery.subscriber_id, Delivery.list_id)
        .join(Bounce, Bounce.delivery_id == Delivery.id)
        .where(Bounce.id == bounce_id)
    ).one_or_none()
    if row is not None and row.subscriber_id is not None:
        optout.take_off(
            session,
            subscriber_id=row.subscriber_id,
            list_id=row.list_id,
            source="opt-out report",
            delivery_id=row.id,
            now=now,
        )


def _settle_doubts(session: Session, bounce_ids: Sequence[int], now: datetime) -> None:
    found = session.execute(_IN_DOUBT, {"ids": packed_ids(bounce_ids)}).all() if bounce_ids else []
    proofs: dict[int, list[Proof]] = {}
    for row in found:
        detail = f"{row.action} {row.status}".strip()
        proofs.setdefault(row.campaign_id, []).append(Proof(row.id, Status.SENT, detail=detail))
    for campaign_id, its in sorted(proofs.items()):
        evidence.settle(session, campaign_id=campaign_id, proofs=its, source=Source.NOTICE, now=now)


_IN_DOUBT = (
    select(Delivery.id, Delivery.campaign_id, Bounce.action, Bounce.status)
    .join(Bounce, Bounce.delivery_id == Delivery.id)
    .where(Bounce.id.in_(among("ids")), evidence.in_doubt())
    .order_by(Bounce.id)
)
