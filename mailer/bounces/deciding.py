"""What becomes of bounces that wait, that are held, or that a person takes back."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session, aliased

from mailer.bounce_models import Bounce, Effect
from mailer.bounces import repeated
from mailer.bounces.burst import LIKELY_IN_A_BURST, Burst, burst, counting
from mailer.bounces.report import How, Weight
from mailer.bounces.rules import USUAL, BounceRules
from mailer.models import Campaign, Delivery, Status
from pli import audit
from pli.actor import NOBODY, Actor
from pli.audit import AuditAction, AuditObject
from subscribers import optout
from subscribers.models import Subscriber, SuppressionReason

SOURCE = "bounce"
"""How the source of a suppression begins that a bounce caused."""
AT_RCPT = "5.1.1 at RCPT"
"""How it began before bounces were kept."""
OURS = (SOURCE, AT_RCPT)
_OPEN = (Effect.WAITING, Effect.HELD)
_GONE = Bounce.weight.in_([Weight.CERTAIN.value, Weight.LIKELY.value])
_ONLY_LIKELY = and_(Bounce.weight == Weight.LIKELY.value, Bounce.effect == Effect.NONE)
_NOTED = and_(or_(_GONE, Bounce.weight == Weight.TEMPORARY.value), Bounce.effect == Effect.NONE)
TAKEN_BACK_BY_A_PERSON = and_(Bounce.effect == Effect.UNDONE, ~Bounce.counts, _GONE)
"""What a person has taken back: nothing follows from the same copy any more."""
_TAKEN_BACK = or_(Bounce.effect.in_([*_OPEN, Effect.SUPPRESSED]), _NOTED, LIKELY_IN_A_BURST)
"""What a person can take back; what is only noted, too, for it counts with the next letter."""


class Undone(NamedTuple):
    """How many bounces were taken back, and how many addresses may be written to again."""

    bounces: int
    addresses: int


def source_of(campaign_id: int, bounce_id: int | None = None) -> str:
    """The source of a suppression that a bounce of a campaign causes."""
    which = f" {bounce_id}" if bounce_id else ""
    return f"{SOURCE}{which}, campaign {campaign_id}"


def mark(session: Session, bounce_id: int, effect: Effect) -> Effect:
    """Note what follows from a bounce."""
    session.execute(update(Bounce).where(Bounce.id == bounce_id).values(effect=effect))
    return effect


def hold(session: Session, campaign_id: int, found: Burst, now: datetime) -> None:
    """Take back what a burst has suppressed so far, and let all of it wait for a person."""
    # Its campaign before any address, as those do who finish it.
    session.execute(select(Campaign.id).where(Campaign.id == campaign_id).with_for_update())
    latest = session.scalar(
        select(func.max(Bounce.at)).where(Bounce.campaign_id == campaign_id, Bounce.counts)
    )
    if latest is not None:
        together = counting(campaign_id, latest, found.provider)
        _take_back(session, together, now)
        which = and_(together, Bounce.effect.in_([Effect.WAITING, Effect.SUPPRESSED]))
        _become(session, which, Effect.HELD)
        # What is only likely is no first against anybody if it came in a burst.
        _become(session, and_(together, _ONLY_LIKELY), Effect.UNDONE)


def undecided(session: Session, campaign_id: int) -> bool:
    """Whether a burst waits for a person: it is one now, was held, or paused the campaign."""
    reason = session.scalar(select(Campaign.reason).where(Campaign.id == campaign_id))
    if "unknown" in (reason or {}).get("values", {}):
        return True
    held = exists().where(Bounce.campaign_id == campaign_id, Bounce.effect == Effect.HELD)
    return bool(session.scalar(select(held))) or burst(session, campaign_id) is not None


def waiting(session: Session, campaign_id: int) -> int:
    """How many addresses would be suppressed if the answers that wait were believed."""
    return len(set(session.scalars(_keys(_waits(campaign_id)))))


def believe(
    session: Session,
    campaign_id: int,
    now: datetime,
    by: Actor = NOBODY,
    rules: BounceRules = USUAL,
) -> int:
    """Suppress the addresses whose answers wait or are held: they were right; how many."""
    believed = optout.suppress_many(
        session,
        address_keys=_keys(_waits(campaign_id)),
        reason=SuppressionReason.HARD_BOUNCE,
        source=source_of(campaign_id),
        by=by,
        now=now,
    )
    believed += _seconds(session, campaign_id, now, rules)
    _become(session, _waits(campaign_id), Effect.SUPPRESSED)
    _become(session, _open(campaign_id), Effect.UNDONE)
    _decided(session, campaign_id)
    return believed


def let_go(session: Session, campaign_id: int) -> None:
    """A person does not believe the answers: they follow only if a person asks for it."""
    likely = and_(Bounce.campaign_id == campaign_id, Bounce.counts, _ONLY_LIKELY)
    _become(session, or_(_open(campaign_id), likely), Effect.UNDONE)
    _decided(session, campaign_id)


def _decided(session: Session, campaign_id: int) -> None:
    """No answer that came until now is part of a burst any more."""
    session.execute(
        update(Bounce)
        .where(Bounce.campaign_id == campaign_id, Bounce.counts)
        .values(counts=False)
        .execution_options(synchronize_session=False)
    )


def conclude(
    session: Session,
    campaign_id: int,
    now: datetime,
    *,
    disbelieved: bool = False,
    rules: BounceRules = USUAL,
) -> None:
    """A campaign is over: single answers are believed now, those of a burst are not.

    `disbelieved`: it was paused for a burst before. What is not believed is held for a person. All
    of it still counts: a burst that goes on in small parts, or after the end, is one burst.
    """
    if found := burst(session, campaign_id):
        hold(session, campaign_id, found, now)
    believed = not disbelieved and not undecided(session, campaign_id)
    if believed:
        optout.suppress_many(
            session,
            address_keys=_keys(_waits(campaign_id, Effect.WAITING)),
            reason=SuppressionReason.HARD_BOUNCE,
            source=source_of(campaign_id),
            now=now,
        )
        _seconds(session, campaign_id, now, rules)
    _become(
        session,
        _waits(campaign_id, Effect.WAITING),
        Effect.SUPPRESSED if believed else Effect.HELD,
    )
    # Of these a log shows that the copy was taken.
    _become(session, _open(campaign_id, Effect.WAITING), Effect.NONE)


def forget_tried_again(session: Session, campaign_id: int) -> None:
    """Forget refusals of copies that wait to be tried again: only the next answer counts."""
    waits = exists().where(Delivery.id == Bounce.delivery_id, Delivery.status == Status.PENDING)
    session.execute(
        delete(Bounce)
        .where(Bounce.campaign_id == campaign_id, Bounce.how == How.SESSION.value, waits)
        .execution_options(synchronize_session=False)
    )


def undo(
    session: Session,
    chosen: ColumnElement[bool],
    *,
    by: Actor = NOBODY,
    why: str = "",
    now: datetime,
) -> Undone:
    """Take back what follows from the chosen bounces, also where it is only held.

    A complaint stays, and so does an address that another bounce suppresses, too.
    """
    which = and_(chosen, Bounce.weight != Weight.COMPLAINT.value)
    lifted = _take_back(session, which, now)
    taken = session.execute(
        update(Bounce)
        .where(which, _TAKEN_BACK)
        .values(effect=Effect.UNDONE, counts=False)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(taken, CursorResult)
    if taken.rowcount and by != NOBODY:
        audit.record(
            session,
            by=by,
            action=AuditAction.LIFTED,
            kind=AuditObject.PERSON,
            object_id=None,
            count=lifted,
            why=why or SOURCE,
            now=now,
        )
    return Undone(taken.rowcount, lifted)


def forgive(session: Session, address_key: bytes) -> None:
    """Somebody let an address be written to again: what its bounces did is taken back."""
    of_them = (
        select(Delivery.id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Subscriber.address_key == address_key)
    )
    session.execute(
        update(Bounce)
        .where(Bounce.delivery_id.in_(of_them), _TAKEN_BACK)
        .values(effect=Effect.UNDONE, counts=False)
        .execution_options(synchronize_session=False)
    )


def _seconds(session: Session, campaign_id: int, now: datetime, rules: BounceRules) -> int:
    """Suppress whom an earlier letter, too, found likely gone; how many."""
    rows = session.execute(
        select(Bounce.id, Delivery.id, Subscriber.address_key)
        .join(Delivery, Delivery.id == Bounce.delivery_id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(
            Bounce.campaign_id == campaign_id,
            Bounce.how == How.SESSION.value,
            Bounce.weight == Weight.LIKELY.value,
            Bounce.effect == Effect.NONE,
            Delivery.status != Status.SENT,
        )
        .order_by(Subscriber.address_key)
    ).all()
    done = 0
    for bounce_id, delivery_id, address_key in rows:
        if repeated.seconds(session, [delivery_id], rules, now):
            done += optout.suppress(
                session,
                address_key=address_key,
                reason=SuppressionReason.HARD_BOUNCE,
                source=source_of(campaign_id, bounce_id),
                now=now,
            )
            mark(session, bounce_id, Effect.SUPPRESSED)
    return done


def _open(campaign_id: int, *effects: Effect) -> ColumnElement[bool]:
    return and_(Bounce.campaign_id == campaign_id, Bounce.effect.in_(effects or _OPEN))


def _waits(campaign_id: int, *effects: Effect) -> ColumnElement[bool]:
    """Open bounces whose answer is the last word: no log shows that such a copy was taken."""
    copy = aliased(Delivery)
    taken = exists().where(
        copy.id == Bounce.delivery_id,
        copy.status == Status.SENT,
        Bounce.how == How.SESSION.value,
    )
    return and_(_open(campaign_id, *effects), ~taken)


def _become(session: Session, which: ColumnElement[bool], effect: Effect) -> None:
    session.execute(
        update(Bounce)
        .where(which)
        .values(effect=effect)
        .execution_options(synchronize_session=False)
    )


def _keys(which: ColumnElement[bool]) -> Select[bytes]:
    """The addresses (their keys) of these bounces; an erased person has none."""
    return (
        select(Subscriber.address_key)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .join(Bounce, Bounce.delivery_id == Delivery.id)
        .where(which)
    )


def _take_back(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    """Lift what these bounces have suppressed, unless another bounce still does; how many."""
    other, copy = aliased(Bounce), aliased(Delivery)
    still = exists().where(
        other.effect == Effect.SUPPRESSED,
        other.delivery_id == copy.id,
        copy.subscriber_id == Subscriber.id,
        other.id.not_in(select(Bounce.id).where(which)),
    )
    return optout.lift_many(
        session,
        address_keys=_keys(and_(which, Bounce.effect == Effect.SUPPRESSED)).where(~still),
        sources=OURS,
        now=now,
    )
