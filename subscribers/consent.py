"""Writes every "yes" of a person, and holds the one clause for who may receive.

No other module subscribes, confirms, pauses or resumes. `optout` writes that a person leaves.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from pli.actor import NOBODY, Actor
from subscribers.models import (
    Basis,
    ConsentEvent,
    ConsentRecord,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)
from subscribers.upsert import insert_into


class Hindrance(enum.StrEnum):
    """Why a person may not receive; of several reasons, the first in this order is told."""

    SUPPRESSED = "suppressed"
    LEFT = "left"
    UNCONFIRMED = "unconfirmed"
    PAUSED = "paused"


# An alias, so that these clauses stay apart from subscriptions that their statement reads itself.
_tie = aliased(Subscription, name="tie")

_HINDRANCES: tuple[tuple[ColumnElement[bool], Hindrance], ...] = (
    (_tie.state == SubscriptionState.LEFT, Hindrance.LEFT),
    (_tie.state == SubscriptionState.UNCONFIRMED, Hindrance.UNCONFIRMED),
    (_tie.paused.is_(True), Hindrance.PAUSED),
)
"""What stands against one subscription. Both clauses below use only these, and so agree."""


def may_receive(list_id: int | SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether the statement's `Subscriber` may receive under this list (a value or a column).

    The statement must read Subscriber. The clause is EXISTS and not CASE, for a planner can turn
    EXISTS into a join.
    """
    unhindered = not_(or_(*(condition for condition, _ in _HINDRANCES)))
    tie = exists().where(_is_tie(list_id), unhindered).correlate_except(_tie)
    return and_(tie, not_(_suppressed()))


def hindrance(list_id: int | SQLColumnExpression[int]) -> ColumnElement[str | None]:
    """Why the statement's `Subscriber` may not receive under this list: a Hindrance, or NULL.

    A person without a subscription counts as left.
    """
    standing = case(*((condition, reason.value) for condition, reason in _HINDRANCES), else_="")
    found = select(standing).where(_is_tie(list_id)).correlate_except(_tie).scalar_subquery()
    return case(
        (_suppressed(), Hindrance.SUPPRESSED.value),
        else_=func.nullif(func.coalesce(found, Hindrance.LEFT.value), ""),
    )


def _is_tie(list_id: int | SQLColumnExpression[int]) -> ColumnElement[bool]:
    return and_(_tie.subscriber_id == Subscriber.id, _tie.list_id == list_id)


def _suppressed() -> ColumnElement[bool]:
    return (
        exists()
        .where(Suppression.address_key == Subscriber.address_key)
        .correlate_except(Suppression)
    )


async def subscribe(
    session: AsyncSession,
    *,
    subscriber_id: int,
    list_id: int,
    basis: Basis,
    source: str,
    wording: str = "",
    by: Actor = NOBODY,
    confirmed: bool,
    again: bool = False,
    now: datetime,
) -> bool:
    """Subscribe a person to a list; False if nothing changed.

    A person who left comes back only with `again`: the person asked for it. `by` is who of the
    office entered it; nobody, if the person did so alone.
    """
    changed = await subscribe_many(
        session,
        subscriber_ids=[subscriber_id],
        list_id=list_id,
        basis=basis,
        source=source,
        wording=wording,
        by=by,
        confirmed=confirmed,
        again=again,
        now=now,
    )
    return bool(changed)


async def subscribe_many(
    session: AsyncSession,
    *,
    subscriber_ids: Sequence[int],
    list_id: int,
    basis: Basis,
    source: str,
    wording: str = "",
    by: Actor = NOBODY,
    confirmed: bool,
    again: bool = False,
    now: datetime,
) -> int:
    """Subscribe people to a list, each with a consent record; how many of them this changed.

    `confirmed` also confirms an unconfirmed subscription. A person who has said no comes back only
    with `again`.
    """
    if not subscriber_ids:
        return 0
    state = SubscriptionState.CONFIRMED if confirmed else SubscriptionState.UNCONFIRMED
    row = {"state": state, "paused": False, "basis": basis, "since": now}
    unfinished = Subscription.state == SubscriptionState.UNCONFIRMED
    replaced = and_(unfinished if confirmed else false(), not_(has_said_no()))
    if again:
        replaced = or_(replaced, has_said_no())
    statement = (
        insert_into(session, Subscription)
        .on_conflict_do_update(
            index_elements=["subscriber_id", "list_id"],
            set_=row,
            where=replaced,
        )
        .returning(Subscription.subscriber_id)
    )
    ties = [{"subscriber_id": it, "list_id": list_id, **row} for it in subscriber_ids]
    changed = (await session.scalars(statement, ties)).all()
    if changed:
        record = {
            "list_id": list_id,
            "event": ConsentEvent.SUBSCRIBED,
            "basis": basis,
            "source": source,
            "wording": wording,
            "entered_by": by.text,
            "at": now,
        }
        records = [{"subscriber_id": it, **record} for it in changed]
        await session.execute(insert(ConsentRecord), records)
    return len(changed)


def has_said_no() -> ColumnElement[bool]:
    """Whether the person of the statement's `Subscription` left, and has not come back since.

    A request to come back that was never confirmed does not count: somebody else may have made it.
    """
    left_once = exists().where(
        ConsentRecord.subscriber_id == Subscription.subscriber_id,
        ConsentRecord.list_id == Subscription.list_id,
        ConsentRecord.event == ConsentEvent.LEFT,
    )
    return or_(
        Subscription.state == SubscriptionState.LEFT,
        and_(
            Subscription.state == SubscriptionState.UNCONFIRMED,
            left_once.correlate_except(ConsentRecord),
        ),
    )


async def confirm(
    session: AsyncSession,
    *,
    subscriber_id: int,
    list_id: int,
    source: str,
    wording: str = "",
    now: datetime,
) -> bool:
    """Confirm a subscription, as its person asks; False if there is nothing to confirm.

    A link is opened by `mailer.campaign.confirming`, which lifts what had come back, too.
    """
    statement = (
        update(Subscription)
        .where(
            Subscription.subscriber_id == subscriber_id,
            Subscription.list_id == list_id,
            Subscription.state == SubscriptionState.UNCONFIRMED,
        )
        .values(state=SubscriptionState.CONFIRMED)
    )
    changed = await _changed(session, statement)
    if changed:
        session.add(
            ConsentRecord(
                subscriber_id=subscriber_id,
                list_id=list_id,
                event=ConsentEvent.CONFIRMED,
                basis=Basis.CONSENT,
                source=source,
                wording=wording,
                at=now,
            )
        )
        await session.flush()
    return changed


async def is_confirmed(session: AsyncSession, *, subscriber_id: int, list_id: int) -> bool:
    """Whether a person's subscription to a list is confirmed, paused or not."""
    found = await session.scalar(
        select(Subscription.state).where(
            Subscription.subscriber_id == subscriber_id, Subscription.list_id == list_id
        )
    )
    return found == SubscriptionState.CONFIRMED


async def pause(
    session: AsyncSession, *, subscriber_id: int, list_id: int, source: str, now: datetime
) -> bool:
    """Pause a subscription; False if the person has left or has paused already."""
    return await _set_paused(session, True, subscriber_id, list_id, source, now)


async def resume(
    session: AsyncSession, *, subscriber_id: int, list_id: int, source: str, now: datetime
) -> bool:
    """End the pause of a subscription; False if the person has left or has not paused."""
    return await _set_paused(session, False, subscriber_id, list_id, source, now)


async def _set_paused(
    session: AsyncSession,
    paused: bool,
    subscriber_id: int,
    list_id: int,
    source: str,
    now: datetime,
) -> bool:
    statement = (
        update(Subscription)
        .where(
            Subscription.subscriber_id == subscriber_id,
            Subscription.list_id == list_id,
            Subscription.state != SubscriptionState.LEFT,
            Subscription.paused.is_(not paused),
        )
        .values(paused=paused)
    )
    changed = await _changed(session, statement)
    if changed:
        session.add(
            ConsentRecord(
                subscriber_id=subscriber_id,
                list_id=list_id,
                event=ConsentEvent.PAUSED if paused else ConsentEvent.RESUMED,
                source=source,
                at=now,
            )
        )
        await session.flush()
    return changed


async def _changed(session: AsyncSession, statement: Any) -> bool:
    result = await session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount > 0
