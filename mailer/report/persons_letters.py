"""All letters of one person, page by page, with what became of each; and how the address stands.

SELECT only; whoever shows a person notes it first (`viewing`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, union
from sqlalchemy.ext.asyncio import AsyncSession

from mailer import reasons
from mailer.bounce_models import Bounce
from mailer.bounces import words
from mailer.bounces.report import How
from mailer.models import Campaign, Delivery, Status
from pli.language import Sentence
from subscribers.models import (
    List,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)

SHOWN = 50


@dataclass(frozen=True, slots=True)
class PersonsLetter:
    """One letter that a person was a candidate for, and what became of the copy.

    `came_back` is what the world answered last after it was sent, and `came_back_at` when.
    """

    campaign: int
    letter: int
    title: str
    at: datetime | None
    delivery_id: int
    status: Status
    reason: str | None
    came_back: Sentence | None = None
    came_back_at: datetime | None = None

    @property
    def sentence(self) -> Sentence | None:
        """Why the copy has its status; None if there is nothing to explain."""
        return reasons.sentence(self.status, self.reason)


@dataclass(frozen=True, slots=True)
class LettersPage:
    """Some letters, the latest first, and behind which campaign the next page begins, if any."""

    letters: Sequence[PersonsLetter]
    after: int | None


@dataclass(frozen=True, slots=True)
class OnList:
    """A list that a person is or was on."""

    title: str
    state: SubscriptionState
    paused: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Who a person is, on which lists, and why nothing may be sent to the address, if so."""

    id: int
    email: str
    name: str
    suppressed: SuppressionReason | None
    suppressed_at: datetime | None
    lists: Sequence[OnList]


async def lists_of(session: AsyncSession, person_id: int) -> list[int] | None:
    """The lists that a person is on, was on, or had copies under; None if there is nobody."""
    if await session.get(Subscriber, person_id) is None:
        return None
    on = select(Subscription.list_id).where(Subscription.subscriber_id == person_id)
    under = select(Delivery.list_id).where(Delivery.subscriber_id == person_id)
    return sorted((await session.scalars(union(on, under))).all())


async def standing(
    session: AsyncSession, person_id: int, *, list_ids: Collection[int] | None = None
) -> Standing:
    """How a person stands; only these lists are named. The person must exist."""
    person = await session.get_one(Subscriber, person_id)
    barred = await session.get(Suppression, person.address_key)
    rows = await session.execute(
        select(List.title, Subscription.state, Subscription.paused)
        .join(List, List.id == Subscription.list_id)
        .where(
            Subscription.subscriber_id == person_id,
            *([] if list_ids is None else [List.id.in_(list_ids)]),
        )
        .order_by(List.title)
    )
    return Standing(
        person.id,
        person.email,
        f"{person.first_name} {person.last_name}".strip(),
        barred.reason if barred else None,
        barred.at if barred else None,
        [OnList(*row) for row in rows],
    )


async def letters(
    session: AsyncSession,
    person_id: int,
    *,
    list_ids: Collection[int] | None = None,
    after: int | None = None,
    limit: int = SHOWN,
) -> LettersPage:
    """The letters that a person was a candidate for; with `list_ids`, under these lists only.

    The page goes on behind a campaign's number: it reads some rows, however many letters there are.
    """
    rows = await session.execute(
        select(
            Campaign.id,
            Campaign.number,
            Campaign.title,
            Campaign.started_at,
            Delivery.id,
            Delivery.status,
            Delivery.reason,
        )
        .join(Delivery, Delivery.campaign_id == Campaign.id)
        .where(
            Delivery.subscriber_id == person_id,
            *([] if list_ids is None else [Delivery.list_id.in_(list_ids)]),
            *([] if after is None else [Delivery.campaign_id < after]),
        )
        .order_by(Delivery.campaign_id.desc())
        .limit(limit + 1)
    )
    found = [PersonsLetter(*row) for row in rows]
    shown = await _with_answers(session, found[:limit])
    return LettersPage(shown, shown[-1].campaign if len(found) > limit else None)


async def _with_answers(
    session: AsyncSession, found: Sequence[PersonsLetter]
) -> list[PersonsLetter]:
    rows = await session.execute(
        select(Bounce.delivery_id, Bounce.at, Bounce.action, Bounce.reason)
        .where(
            Bounce.delivery_id.in_([it.delivery_id for it in found]),
            Bounce.how != How.SESSION.value,
        )
        .order_by(Bounce.id)
    )
    last = {copy: (words.sentence(action, reason), at) for copy, at, action, reason in rows}
    return [
        replace(it, came_back=last[it.delivery_id][0], came_back_at=last[it.delivery_id][1])
        if it.delivery_id in last
        else it
        for it in found
    ]
