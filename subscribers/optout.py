"""Writes every "no": a person leaves a list, or an address is suppressed. No other module does.

Every guard stands in the WHERE, so that a second click changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    delete,
    exists,
    false,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, aliased

from pli import audit
from pli.actor import NOBODY, Actor
from pli.audit import AuditAction, AuditObject
from subscribers.models import (
    Basis,
    ConsentEvent,
    ConsentRecord,
    List,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from subscribers.upsert import insert_into

UNDO_FOR = timedelta(hours=1)
"""How long a person can undo a click that unsubscribed."""

_WEAKER_THAN: dict[SuppressionReason, tuple[SuppressionReason, ...]] = {
    SuppressionReason.HARD_BOUNCE: (),
    SuppressionReason.COMPLAINT: (SuppressionReason.HARD_BOUNCE,),
    SuppressionReason.OBJECTION: (SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT),
}
"""The reasons that each reason replaces.

A bounce may be lifted when the mailbox works again, so a bounce must not hide an objection.
"""


_LIFTED_BY_CONFIRMING = (SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT)


@dataclass(frozen=True, slots=True)
class OnList:
    """Whether a person is on a list, and how the list is called; None if it is gone."""

    title: str | None
    language: str | None
    subscribed: bool


async def on_list(session: AsyncSession, *, subscriber_id: int, list_id: int) -> OnList:
    """Whether there is anything to leave: neither the list nor the person need be there."""
    row = (
        await session.execute(
            select(List.title, List.language, Subscription.state)
            .select_from(List)
            .outerjoin(
                Subscription,
                (Subscription.list_id == List.id) & (Subscription.subscriber_id == subscriber_id),
            )
            .where(List.id == list_id)
        )
    ).one_or_none()
    if row is None:
        return OnList(None, None, subscribed=False)
    title, language, state = row
    return OnList(title, language, state not in (None, SubscriptionState.LEFT))


async def still_on(session: AsyncSession, *, subscriber_id: int) -> list[List]:
    """The lists that a person can leave, in a fixed order: two requests lock them alike."""
    return list(
        await session.scalars(
            select(List)
            .join(Subscription, Subscription.list_id == List.id)
            .where(
                Subscription.subscriber_id == subscriber_id,
                Subscription.state != SubscriptionState.LEFT,
            )
            .order_by(List.id)
        )
    )


async def unsubscribe(
    session: AsyncSession,
    *,
    subscriber_id: int,
    list_id: int,
    source: str,
    delivery_id: int | None = None,
    by: Actor = NOBODY,
    now: datetime,
) -> int | None:
    """Take a person off a list; the id of the consent record that this call wrote.

    None if the person had left already, or never was on the list. `by` is who of the office entered
    it; nobody, if the person did so alone.
    """
    return await session.run_sync(
        partial(
            take_off,
            subscriber_id=subscriber_id,
            list_id=list_id,
            source=source,
            delivery_id=delivery_id,
            by=by,
            now=now,
        )
    )


def take_off(
    session: Session,
    *,
    subscriber_id: int,
    list_id: int,
    source: str,
    delivery_id: int | None = None,
    by: Actor = NOBODY,
    now: datetime,
) -> int | None:
    """`unsubscribe`, as a plain function over a session."""
    subscribed = and_(
        Subscription.subscriber_id == subscriber_id,
        Subscription.list_id == list_id,
        Subscription.state != SubscriptionState.LEFT,
    )
    # NULL if unconfirmed, which was no basis yet: `undo` then restores an unconfirmed subscription.
    basis = case((Subscription.state == SubscriptionState.CONFIRMED, Subscription.basis))
    ended = session.execute(select(basis).where(subscribed).with_for_update()).one_or_none()
    if ended is None:
        return None
    session.execute(update(Subscription).where(subscribed).values(state=SubscriptionState.LEFT))
    record = ConsentRecord(
        subscriber_id=subscriber_id,
        list_id=list_id,
        event=ConsentEvent.LEFT,
        basis=ended[0],
        source=source,
        entered_by=by.text,
        delivery_id=delivery_id,
        at=now,
    )
    session.add(record)
    session.flush()
    return record.id


async def leave_many(
    session: AsyncSession,
    *,
    subscriber_ids: Sequence[int],
    list_id: int,
    basis: Basis,
    source: str,
    by: Actor = NOBODY,
    now: datetime,
) -> int:
    """Let people have left a list, whether or not they were on it; how many this changed.

    Another system knew that they had left. `basis` stands in the subscriptions that begin as left.
    """
    if not subscriber_ids:
        return 0
    statement = (
        insert_into(session, Subscription)
        .on_conflict_do_update(
            index_elements=["subscriber_id", "list_id"],
            set_={"state": SubscriptionState.LEFT},
            where=Subscription.state != SubscriptionState.LEFT,
        )
        .returning(Subscription.subscriber_id)
    )
    row = {"list_id": list_id, "state": SubscriptionState.LEFT, "paused": False, "basis": basis}
    ties = [{"subscriber_id": it, "since": now, **row} for it in subscriber_ids]
    changed = (await session.scalars(statement, ties)).all()
    record = {
        "list_id": list_id,
        "event": ConsentEvent.LEFT,
        "source": source,
        "entered_by": by.text,
        "at": now,
    }
    if changed:
        await session.execute(
            insert(ConsentRecord), [{"subscriber_id": it, **record} for it in changed]
        )
    return len(changed)


async def undo(session: AsyncSession, *, consent_record_id: int, now: datetime) -> bool:
    """Undo one leaving, within `UNDO_FOR`; False if that is not possible any more.

    Only the latest leaving of that person from that list can be undone, once, and never for a
    suppressed address: a forwarded letter must not bring back a person who had left.
    """
    left = await session.get(ConsentRecord, consent_record_id)
    if left is None or left.event is not ConsentEvent.LEFT or left.at < now - UNDO_FOR:
        return False
    later = aliased(ConsentRecord)
    restored = await session.execute(
        update(Subscription)
        .where(
            Subscription.subscriber_id == left.subscriber_id,
            Subscription.list_id == left.list_id,
            Subscription.state == SubscriptionState.LEFT,
            ~exists().where(
                later.subscriber_id == left.subscriber_id,
                later.list_id == left.list_id,
                later.event == ConsentEvent.LEFT,
                later.id > left.id,
            ),
            ~exists().where(
                Subscriber.id == left.subscriber_id,
                Suppression.address_key == Subscriber.address_key,
            ),
        )
        .values(state=SubscriptionState.CONFIRMED if left.basis else SubscriptionState.UNCONFIRMED)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(restored, CursorResult)
    if not restored.rowcount:
        return False
    session.add(
        ConsentRecord(
            subscriber_id=left.subscriber_id,
            list_id=left.list_id,
            event=ConsentEvent.RESTORED,
            basis=left.basis,
            source=left.source,
            delivery_id=left.delivery_id,
            at=now,
        )
    )
    await session.flush()
    return True


def suppress(
    session: Session,
    *,
    address_key: bytes,
    reason: SuppressionReason,
    source: str,
    by: Actor = NOBODY,
    now: datetime,
) -> bool:
    """Suppress an address for good; False if it is suppressed already, for a reason as strong.

    `by` is who of the office entered it; the audit keeps that, since `lift` takes the row away.
    """
    row = {"reason": reason, "source": source, "at": now}
    suppressed = session.execute(
        insert_into(session, Suppression)
        .values(address_key=address_key, **row)
        .on_conflict_do_update(
            index_elements=["address_key"],
            set_=row,
            where=Suppression.reason.in_(_WEAKER_THAN[reason]),
        )
    )
    assert isinstance(suppressed, CursorResult)
    if suppressed.rowcount and by != NOBODY:
        _trace(session, AuditAction.BARRED, address_key, by=by, why=reason.value, now=now)
    return suppressed.rowcount > 0


async def suppressed(session: AsyncSession, *, address_key: bytes) -> SuppressionReason | None:
    """Why an address is never written to; None if it may be."""
    return await session.scalar(
        select(Suppression.reason).where(Suppression.address_key == address_key)
    )


def suppress_many(
    session: Session,
    *,
    address_keys: Select[bytes],
    reason: SuppressionReason,
    source: str,
    by: Actor = NOBODY,
    now: datetime,
) -> int:
    """Suppress all addresses that a statement selects, once each; how many this changed."""
    keys = set(session.scalars(address_keys))
    return sum(
        suppress(session, address_key=it, reason=reason, source=source, by=by, now=now)
        for it in sorted(keys)
    )


def suppress_each(
    session: Session, sources: Mapping[bytes, str], *, reason: SuppressionReason, now: datetime
) -> None:
    """Suppress addresses, by their keys, each with a source of its own, as `suppress` does."""
    if not sources:
        return
    statement = insert_into(session, Suppression)
    session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["address_key"],
            set_={it: statement.excluded[it] for it in ("reason", "source", "at")},
            # No IN: a list of parameters cannot be given for many rows.
            where=or_(false(), *(Suppression.reason == it for it in _WEAKER_THAN[reason])),
        ),
        # In the order in which `suppress_many` locks them.
        [
            {"address_key": key, "reason": reason, "source": source, "at": now}
            for key, source in sorted(sources.items())
        ],
    )


def lift_many(
    session: Session,
    *,
    address_keys: Select[bytes],
    sources: Sequence[str],
    by: Actor = NOBODY,
    now: datetime,
) -> int:
    """Lift the hard bounces among the addresses that a statement selects; how many.

    Only those whose source begins with one of `sources`: what a person has said stays said.
    """
    meant = Suppression.address_key.in_(address_keys), bounced(*sources)
    # In the order in which `suppress_many` locks them, perhaps for another campaign.
    session.execute(
        select(Suppression.address_key)
        .where(*meant)
        .order_by(Suppression.address_key)
        .with_for_update(of=Suppression)
    )
    lifted = session.execute(
        delete(Suppression).where(*meant).execution_options(synchronize_session=False)
    )
    assert isinstance(lifted, CursorResult)
    if lifted.rowcount and by != NOBODY:
        audit.record(
            session,
            by=by,
            action=AuditAction.LIFTED,
            kind=AuditObject.PERSON,
            object_id=None,
            count=lifted.rowcount,
            why=sources[0],
            now=now,
        )
    return lifted.rowcount


def bounced(*sources: str) -> ColumnElement[bool]:
    """Whether a suppression is a hard bounce told by one of `sources`, and by nothing stronger."""
    return and_(
        Suppression.reason == SuppressionReason.HARD_BOUNCE,
        or_(*(Suppression.source.startswith(it, autoescape=True) for it in sources)),
    )


async def lift(
    session: AsyncSession,
    *,
    address_key: bytes,
    asked: bool = False,
    by: Actor = NOBODY,
    now: datetime,
) -> bool:
    """Lift the suppression of an address; False if nothing was lifted.

    A complaint is lifted only if its person `asked` to be written to again.
    """
    meant = [Suppression.address_key == address_key]
    if not asked:
        meant.append(Suppression.reason != SuppressionReason.COMPLAINT)
    lifted = await session.execute(delete(Suppression).where(*meant))
    assert isinstance(lifted, CursorResult)
    if lifted.rowcount and by != NOBODY:
        why = "asked by the person" if asked else ""
        await session.run_sync(_trace, AuditAction.LIFTED, address_key, by=by, why=why, now=now)
    return lifted.rowcount > 0


async def lift_confirmed(
    session: AsyncSession, *, subscriber_id: int, asked_at: datetime, now: datetime
) -> bytes | None:
    """Lift what a bounce or a complaint suppressed, for the person has confirmed anew.

    Only what was suppressed before `asked_at`, when the confirmation was asked for, is lifted: a
    later complaint outlasts an old link. An objection stays. Returns the key of the address, or
    None if nothing was lifted.
    """
    of_person = select(Subscriber.address_key).where(Subscriber.id == subscriber_id)
    row = (
        await session.execute(
            delete(Suppression)
            .where(
                Suppression.address_key.in_(of_person),
                Suppression.reason.in_(_LIFTED_BY_CONFIRMING),
                Suppression.at < asked_at,
            )
            .returning(Suppression.address_key, Suppression.reason)
            .execution_options(synchronize_session=False)
        )
    ).one_or_none()
    if row is None:
        return None
    address_key, reason = row
    why = f"{reason.value}: the person's own new confirmation"
    await session.run_sync(_trace, AuditAction.LIFTED, address_key, by=NOBODY, why=why, now=now)
    return address_key


def _trace(
    session: Session,
    action: AuditAction,
    address_key: bytes,
    *,
    by: Actor,
    why: str = "",
    now: datetime,
) -> None:
    """Keep who did that, to which person if somebody here has the address."""
    known = select(Subscriber.id).where(Subscriber.address_key == address_key).limit(1)
    audit.record(
        session,
        by=by,
        action=action,
        kind=AuditObject.PERSON,
        object_id=session.scalar(known),
        why=why,
        now=now,
    )
