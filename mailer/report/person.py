"""Reads everything that is held about one person, who may ask for it (GDPR, article 15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounce_models import Bounce, Effect
from mailer.bounces.report import How
from mailer.models import Campaign, Delivery, Evidence, Source, Status
from subscribers import people
from subscribers.address import Address
from subscribers.models import (
    Basis,
    ConsentEvent,
    ConsentRecord,
    List,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)


@dataclass(frozen=True, slots=True)
class HeldSubscription:
    """The person's subscription to one list; `list` is the list's name."""

    list: str
    state: SubscriptionState
    paused: bool
    basis: Basis
    since: datetime


@dataclass(frozen=True, slots=True)
class HeldConsent:
    """One event of the person's consent; `list` is a list's name, None if it concerns no list."""

    at: datetime
    event: ConsentEvent
    list: str | None
    basis: Basis | None
    source: str
    wording: str
    entered_by: str


@dataclass(frozen=True, slots=True)
class HeldEvidence:
    """A proof that settled a copy in doubt."""

    at: datetime
    source: Source
    status: Status
    detail: str


@dataclass(frozen=True, slots=True)
class HeldBounce:
    """What the world answered about a copy after it was sent; the values of mailer/bounces."""

    at: datetime
    action: str
    reason: str
    weight: str
    status: str
    diagnostic: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class HeldCopy:
    """One copy to the person: the numbers of its letter and campaign, and what became of it."""

    letter: int
    campaign: int
    status: Status
    reason: str | None
    evidence: tuple[HeldEvidence, ...]
    bounces: tuple[HeldBounce, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """Everything that is held; `suppressed` is why nothing may be sent to the address, if so."""

    email: str
    first_name: str
    last_name: str
    language: str
    attributes: Mapping[str, Any]
    since: datetime
    suppressed: SuppressionReason | None
    subscriptions: tuple[HeldSubscription, ...]
    consent: tuple[HeldConsent, ...]
    copies: tuple[HeldCopy, ...]


async def access_answer(session: AsyncSession, *, address: Address) -> AccessAnswer:
    """What is held about the person with this address; PersonError if there is none."""
    person = await people.get(session, address)
    suppression = await session.get(Suppression, person.address_key)
    return AccessAnswer(
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        language=person.language,
        attributes=person.attributes,
        since=person.created_at,
        suppressed=suppression.reason if suppression else None,
        subscriptions=await _subscriptions(session, person.id),
        consent=await _consent(session, person.id),
        copies=await _copies(session, person.id),
    )


async def _subscriptions(session: AsyncSession, subscriber_id: int) -> tuple[HeldSubscription, ...]:
    rows = await session.execute(
        select(
            List.name,
            Subscription.state,
            Subscription.paused,
            Subscription.basis,
            Subscription.since,
        )
        .join(Subscription, Subscription.list_id == List.id)
        .where(Subscription.subscriber_id == subscriber_id)
        .order_by(List.name)
    )
    return tuple(HeldSubscription(*row) for row in rows)


async def _consent(session: AsyncSession, subscriber_id: int) -> tuple[HeldConsent, ...]:
    rows = await session.execute(
        select(
            ConsentRecord.at,
            ConsentRecord.event,
            List.name,
            ConsentRecord.basis,
            ConsentRecord.source,
            ConsentRecord.wording,
            ConsentRecord.entered_by,
        )
        .outerjoin(List, List.id == ConsentRecord.list_id)
        .where(ConsentRecord.subscriber_id == subscriber_id)
        .order_by(ConsentRecord.id)
    )
    return tuple(HeldConsent(*row) for row in rows)


async def _copies(session: AsyncSession, subscriber_id: int) -> tuple[HeldCopy, ...]:
    proofs = await session.execute(
        select(Evidence.delivery_id, Evidence.at, Evidence.source, Evidence.status, Evidence.detail)
        .join(Delivery, Delivery.id == Evidence.delivery_id)
        .where(Delivery.subscriber_id == subscriber_id)
        .order_by(Evidence.id)
    )
    of_copy: dict[int, list[HeldEvidence]] = {}
    for delivery_id, at, source, proved, detail in proofs:
        of_copy.setdefault(delivery_id, []).append(HeldEvidence(at, source, proved, detail))
    back = await session.execute(
        select(
            Bounce.delivery_id,
            Bounce.at,
            Bounce.action,
            Bounce.reason,
            Bounce.weight,
            Bounce.status,
            Bounce.diagnostic,
            Bounce.effect,
        )
        .join(Delivery, Delivery.id == Bounce.delivery_id)
        .where(Delivery.subscriber_id == subscriber_id, Bounce.how != How.SESSION.value)
        .order_by(Bounce.id)
    )
    bounces: dict[int | None, list[HeldBounce]] = {}
    for of, at, action, reason, weight, status, said, effect in back:
        held = HeldBounce(at, action, reason, weight, status, said, effect)
        bounces.setdefault(of, []).append(held)
    rows = await session.execute(
        select(Delivery.id, Campaign.number, Delivery.campaign_id, Delivery.status, Delivery.reason)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Delivery.subscriber_id == subscriber_id)
        .order_by(Delivery.id)
    )
    return tuple(
        HeldCopy(
            letter,
            campaign,
            status,
            reason,
            tuple(of_copy.get(delivery_id, ())),
            tuple(bounces.get(delivery_id, ())),
        )
        for delivery_id, letter, campaign, status, reason in rows
    )


async def letters_of(session: AsyncSession, delivery_ids: Sequence[int]) -> dict[int, int]:
    """The number of the letter that each of these copies was of."""
    rows = await session.execute(
        select(Delivery.id, Campaign.number)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(Delivery.id.in_(delivery_ids))
    )
    return {row.id: row.number for row in rows}
