"""What came back of several letters to one person: a second "likely gone", or passing trouble.

A letter of which nothing came back for a while was taken: what came back before counts no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from mailer.bounces.report import Action, Weight
from mailer.bounces.rules import BounceRules
from mailer.models import Attempt, Bounce, Campaign, Delivery, Effect, Status


@dataclass(frozen=True, slots=True)
class Stale:
    """A person of whom so many letters came back for passing trouble, since when, why at last."""

    subscriber_id: int
    letters: int
    since: datetime
    latest: datetime
    reason: str


def is_second(
    session: Session, subscriber_id: int, bounce_id: int, rules: BounceRules, now: datetime
) -> bool:
    """Whether an earlier letter to the same person came back as likely gone, long enough ago."""
    this, copy, campaign = aliased(Bounce), aliased(Delivery), aliased(Campaign)
    number = (
        select(campaign.number)
        .join(copy, copy.campaign_id == campaign.id)
        .join(this, this.delivery_id == copy.id)
        .where(this.id == bounce_id)
    )
    since = _taken_since(session, subscriber_id, rules, now)
    earlier = (
        select(Bounce.id)
        .join(Delivery, Delivery.id == Bounce.delivery_id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            Delivery.subscriber_id == subscriber_id,
            Bounce.weight.in_([Weight.LIKELY.value, Weight.CERTAIN.value]),
            Bounce.effect.in_([Effect.NONE, Effect.SUPPRESSED]),
            Bounce.at <= now - rules.likely,
            Campaign.number != number.scalar_subquery(),
        )
        .limit(1)
    )
    if since is not None:
        earlier = earlier.where(Bounce.at > since)
    return session.scalar(earlier) is not None


def is_stale(session: Session, subscriber_id: int, rules: BounceRules, now: datetime) -> bool:
    """Whether staff would be asked about this person."""
    return any(
        it.subscriber_id == subscriber_id for it in stale(session, rules, now, subscriber_id)
    )


def stale(
    session: Session, rules: BounceRules, now: datetime, subscriber_id: int | None = None
) -> Sequence[Stale]:
    """The people of whom letters keep coming back for passing trouble, the longest first."""
    rows = session.execute(
        select(
            Delivery.subscriber_id,
            Campaign.number,
            func.min(Bounce.at),
            func.max(Bounce.at),
            func.max(Bounce.reason),
        )
        .select_from(Bounce)
        .join(Delivery, Delivery.id == Bounce.delivery_id)
        .join(Campaign, Campaign.id == Delivery.campaign_id)
        .where(
            Bounce.weight == Weight.TEMPORARY.value,
            Bounce.effect == Effect.NONE,
            Delivery.subscriber_id.is_not(None),
            *([Delivery.subscriber_id == subscriber_id] if subscriber_id else []),
        )
        .group_by(Delivery.subscriber_id, Campaign.number)
    )
    letters: dict[int, list[tuple[datetime, datetime, str]]] = {}
    for who, _number, first, last, reason in rows:
        if who is not None:
            letters.setdefault(who, []).append((first, last, reason))
    found = []
    for who, its in letters.items():
        if len(its) < rules.stale_letters:
            continue
        taken = _taken_since(session, who, rules, now)
        counted = [it for it in its if taken is None or it[0] > taken]
        if len(counted) < rules.stale_letters:
            continue
        since, latest = min(it[0] for it in counted), max(it[1] for it in counted)
        if latest - since >= rules.stale:
            reason = max(counted, key=lambda it: it[1])[2]
            found.append(Stale(who, len(counted), since, latest, reason))
    return sorted(found, key=lambda it: it.since)


def _taken_since(
    session: Session, subscriber_id: int, rules: BounceRules, now: datetime
) -> datetime | None:
    """When the latest letter left that nothing came back of for so long; None: there is none."""
    came_back = exists().where(
        Bounce.delivery_id == Delivery.id, Bounce.action == Action.FAILED.value
    )
    return session.scalar(
        select(func.max(Attempt.at))
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(
            Delivery.subscriber_id == subscriber_id,
            Delivery.status == Status.SENT,
            Attempt.number == Delivery.attempts,
            Attempt.at <= now - rules.reset,
            ~came_back,
        )
    )
