"""What came back of several letters to one person: a second "likely gone", or passing trouble.

A letter of which nothing came back for a while was taken: what came back before counts no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from mailer.bounce_models import Bounce, Effect
from mailer.bounces.report import Action, Weight
from mailer.bounces.rules import BounceRules
from mailer.models import Attempt, Campaign, Delivery, Status
from pli.columns import Moment
from pli.packing import among, packed_ids


@dataclass(frozen=True, slots=True)
class Stale:
    """A person of whom so many letters came back for passing trouble, since when, why at last."""

    subscriber_id: int
    letters: int
    since: datetime
    latest: datetime
    reason: str


def seconds(
    session: Session, delivery_ids: Sequence[int], rules: BounceRules, now: datetime
) -> set[int]:
    """Those of these copies whose person had an earlier letter that came back as likely gone.

    Each of these copies counts as having come back itself.
    """
    return set(
        session.scalars(
            _SECONDS,
            {
                "ids": packed_ids(delivery_ids),
                "likely": now - rules.likely,
                "reset": now - rules.reset,
            },
        )
    )


def is_stale(session: Session, subscriber_id: int, rules: BounceRules, now: datetime) -> bool:
    """Whether staff would be asked about this person."""
    return any(
        it.subscriber_id == subscriber_id for it in stale(session, rules, now, subscriber_id)
    )


def nearly_stale(session: Session, mails: Mapping[int, int], rules: BounceRules) -> set[int]:
    """Of whom so many letters came back, with so many mails that come now, as `stale` asks for."""
    rows = session.execute(
        select(Delivery.subscriber_id, func.count(Delivery.campaign_id.distinct()))
        .select_from(Bounce)
        .join(Delivery, Delivery.id == Bounce.delivery_id)
        .where(
            Delivery.subscriber_id.in_(among("ids")),
            Bounce.weight == Weight.TEMPORARY.value,
            Bounce.effect == Effect.NONE,
        )
        .group_by(Delivery.subscriber_id),
        {"ids": packed_ids(sorted(mails))},
    )
    before = {who: n for who, n in rows if who is not None}
    return {who for who, n in mails.items() if n + before.get(who, 0) >= rules.stale_letters}


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
    return session.scalar(
        _taken(Delivery).where(
            Delivery.subscriber_id == subscriber_id, Attempt.at <= now - rules.reset
        )
    )


def _taken(copy: type[Delivery]) -> Select[datetime | None]:
    """When the latest copy left of which nothing came back."""
    came_back = exists().where(Bounce.delivery_id == copy.id, Bounce.action == Action.FAILED.value)
    return (
        select(func.max(Attempt.at))
        .join(copy, copy.id == Attempt.delivery_id)
        .where(copy.status == Status.SENT, Attempt.number == copy.attempts, ~came_back)
    )


_this, _campaign = aliased(Delivery, name="this"), aliased(Campaign, name="its_campaign")
_other = aliased(Delivery, name="other")
_since = (
    _taken(_other)
    .where(
        _other.subscriber_id == _this.subscriber_id,
        _other.id != _this.id,
        Attempt.at <= bindparam("reset", type_=Moment()),
    )
    .correlate(_this)
    .scalar_subquery()
)
_SECONDS = (
    select(_this.id)
    .join(_campaign, _campaign.id == _this.campaign_id)
    .join(Delivery, Delivery.subscriber_id == _this.subscriber_id)
    .join(Campaign, Campaign.id == Delivery.campaign_id)
    .join(Bounce, Bounce.delivery_id == Delivery.id)
    .where(
        _this.id.in_(among("ids")),
        Bounce.weight.in_([Weight.LIKELY.value, Weight.CERTAIN.value]),
        Bounce.effect.in_([Effect.NONE, Effect.SUPPRESSED]),
        Bounce.at <= bindparam("likely", type_=Moment()),
        Campaign.number != _campaign.number,
        or_(_since.is_(None), Bounce.at > _since),
    )
    .distinct()
)
