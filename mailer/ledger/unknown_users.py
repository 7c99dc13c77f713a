"""Addresses that a relay refused with 5.1.1 at RCPT: who they were, and which of them are barred.

What follows from such an answer by itself is decided in mailer/bounces; here is what a person asks
of the attempts of a campaign.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from mailer.bounce_models import Bounce, Effect
from mailer.bounces import deciding
from mailer.ledger import balance
from mailer.ledger.answers import is_like, matching
from mailer.models import Attempt, Delivery, Stage, Status
from mailer.outcomes import Kind
from pli.actor import NOBODY, Actor
from subscribers import optout
from subscribers.models import Subscriber, Suppression, SuppressionReason


def bar_all(
    session: Session, *, campaign_id: int, reply: str, by: Actor = NOBODY, now: datetime
) -> int:
    """Suppress each address that a campaign's relay refused with 5.1.1 at last; how many."""
    refused = refused_as_unknown(campaign_id, reply).where(*_AT_LAST)
    return optout.suppress_many(
        session,
        address_keys=refused,
        reason=SuppressionReason.HARD_BOUNCE,
        source=deciding.source_of(campaign_id),
        by=by,
        now=now,
    )


def refused_as_unknown(campaign_id: int, reply: str = "") -> Select[bytes]:
    """The addresses (their keys) that were refused with 5.1.1 at RCPT in a campaign.

    `reply` narrows them to those whose answer matches it (ledger/answers.py).
    """
    return (
        select(Subscriber.address_key)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .join(Attempt, Attempt.delivery_id == Delivery.id)
        .where(*_refused(reply), Delivery.campaign_id == campaign_id)
    )


def is_barred(subscriber_id: SQLColumnExpression[int | None]) -> ColumnElement[bool]:
    """Whether the address of a person is suppressed by an answer, of any campaign."""
    return exists().where(
        Subscriber.id == subscriber_id,
        Suppression.address_key == Subscriber.address_key,
        optout.bounced(*deciding.OURS),
    )


async def barred_by(session: AsyncSession, campaign_id: int) -> int:
    """How many addresses are suppressed that were refused in this campaign, or came back of it."""
    refused_here = exists().where(
        Subscriber.address_key == Suppression.address_key,
        Delivery.subscriber_id == Subscriber.id,
        # + 0: from the few suppressed to their copies; else the whole campaign is walked.
        Delivery.campaign_id + 0 == campaign_id,
        Attempt.delivery_id == Delivery.id,
        *_refused(),
    )
    came_back = exists().where(
        Subscriber.address_key == Suppression.address_key,
        Delivery.subscriber_id == Subscriber.id,
        Delivery.campaign_id + 0 == campaign_id,
        Bounce.delivery_id == Delivery.id,
        Bounce.effect == Effect.SUPPRESSED,
    )
    counted = select(func.count()).select_from(Suppression)
    counted = counted.where(optout.bounced(*deciding.OURS), refused_here | came_back)
    return await session.scalar(counted) or 0


async def barred_among_failed(
    session: AsyncSession, campaign_id: int, reply: str = "", reason: str = ""
) -> int:
    """How many failed copies of a campaign are to addresses that an answer suppressed."""
    counted = (
        select(func.count())
        .select_from(Delivery)
        .where(balance.rows_of(campaign_id, Status.FAILED), is_barred(Delivery.subscriber_id))
    )
    if reply:
        counted = counted.where(matching(reply))
    if reason:
        counted = counted.where(Delivery.reason == reason)
    return await session.scalar(counted) or 0


def _refused(reply: str = "") -> Iterator[ColumnElement[bool]]:
    yield Attempt.outcome == Kind.FAILED.value
    yield Attempt.stage == Stage.RCPT
    yield Attempt.enhanced_code == "5.1.1"
    if reply:
        yield is_like(Attempt, reply)


_AT_LAST = (Attempt.number == Delivery.attempts, Delivery.status != Status.SENT)
"""No later answer, and no log, contradicts this one."""
