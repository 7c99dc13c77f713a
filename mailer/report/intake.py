"""What came in by the doors: counts, mailboxes, what waits, and the wishes that staff decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounce_models import Bounce, BounceMail
from mailer.bounces.report import Kind
from mailer.intake import unproven
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeDoor, IntakeMail, IntakeTally
from pli.language import Sentence, as_sentence
from subscribers.models import List, Subscriber, Subscription, SubscriptionState


class Counted(NamedTuple):
    """How many mails of one kind came in by one door, and how long they waited, all together."""

    door: str
    kind: str
    mails: int
    seconds: float


class Mailbox(NamedTuple):
    """A mailbox that is read: when it last answered, and what is wrong with it; None: nothing."""

    name: str
    seen_at: datetime | None
    fault: Sentence | None


class Waiting(NamedTuple):
    """How many mails wait to be worked on, and for how many seconds the oldest does."""

    mails: int
    oldest: float


class Wish(NamedTuple):
    """Somebody may want to leave: nothing proves that they wrote the mail themselves.

    `mail`, `at` and `subject` are of the first of their `mails` that wait; `lists` are the titles
    of the lists that they are on.
    """

    mail: int
    at: datetime
    subscriber: int
    address: str
    subject: str
    mails: int
    lists: Sequence[str]


class Stuck(NamedTuple):
    """A mail that somebody has to look at: a fault of ours, or its mailbox does not give it out."""

    mail: int
    at: datetime
    door: str
    kind: str
    note: str


class Noise(NamedTuple):
    """How many mails of one sort to one token were not kept, after the first few of an hour."""

    door: str
    came_to: str
    dropped: int
    at: datetime


class CameIn(NamedTuple):
    """All figures of the doors."""

    counted: Sequence[Counted]
    waiting: Waiting
    unclaimed: int


async def came_in(session: AsyncSession, *, now: datetime) -> CameIn:
    """What the doors brought, what waits, and what carries no token."""
    return CameIn(await counted(session), await waiting(session, now=now), await unclaimed(session))


async def counted(session: AsyncSession) -> Sequence[Counted]:
    """The counts, by door and kind."""
    rows = await session.execute(
        select(IntakeTally.door, IntakeTally.kind, IntakeTally.mails, IntakeTally.seconds).order_by(
            IntakeTally.door, IntakeTally.kind
        )
    )
    return [Counted(*row) for row in rows]


async def mailboxes(session: AsyncSession) -> Sequence[Mailbox]:
    """The mailboxes that were ever read."""
    rows = await session.execute(
        select(IntakeDoor.name, IntakeDoor.seen_at, IntakeDoor.fault).order_by(IntakeDoor.name)
    )
    return [
        Mailbox(row.name, row.seen_at, as_sentence(row.fault) if row.fault else None)
        for row in rows
    ]


async def waiting(session: AsyncSession, *, now: datetime) -> Waiting:
    """What waits to be worked on."""
    mails, oldest = (
        await session.execute(
            select(func.count(), func.min(IntakeMail.at)).where(IntakeMail.due_at.is_not(None))
        )
    ).one()
    return Waiting(mails, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)


async def unclaimed(session: AsyncSession) -> int:
    """How many failures and complaints are kept that carry no token of ours, and nobody tied."""
    kinds = (Kind.FAILURE.value, Kind.COMPLAINT.value)
    found = select(func.count()).where(
        BounceMail.number.is_(None),
        BounceMail.kind.in_(kinds),
        ~select(Bounce.id).where(Bounce.mail_id == BounceMail.id).exists(),
    )
    return await session.scalar(found) or 0


async def stuck(session: AsyncSession, *, limit: int = 50) -> Sequence[Stuck]:
    """What could not be worked, or not be fetched, the oldest first."""
    rows = await session.execute(
        select(IntakeMail.id, IntakeMail.at, IntakeMail.door, IntakeMail.kind, IntakeMail.note)
        .where(IntakeMail.kind.in_((Sort.FAULT.value, Sort.UNREADABLE.value)))
        .order_by(IntakeMail.id)
        .limit(limit)
    )
    return [Stuck(*row) for row in rows]


async def noises(session: AsyncSession, *, limit: int = 50) -> Sequence[Noise]:
    """To which tokens so much came that not all of it was kept, the latest first."""
    rows = await session.execute(
        select(IntakeMail.door, IntakeMail.came_to, IntakeMail.dropped, IntakeMail.at)
        .where(IntakeMail.dropped > 0)
        .order_by(IntakeMail.id.desc())
        .limit(limit)
    )
    return [Noise(*row) for row in rows]


async def wishes(session: AsyncSession, *, limit: int = 200) -> Sequence[Wish]:
    """Who wrote "STOP" without being proven, a line for each person, the oldest first."""
    first = unproven.first_of_each().subquery()
    rows = (
        await session.execute(
            select(
                IntakeMail.id,
                IntakeMail.at,
                Subscriber.id.label("subscriber"),
                Subscriber.email,
                IntakeMail.note,
                first.c.mails,
            )
            .join(first, first.c.mail == IntakeMail.id)
            .join(Subscriber, Subscriber.address_key == IntakeMail.sender_key)
            .order_by(IntakeMail.id)
            .limit(limit)
        )
    ).all()
    on = await _titles(session, [it.subscriber for it in rows])
    return [
        Wish(it.id, it.at, it.subscriber, it.email, it.note, it.mails, on.get(it.subscriber, []))
        for it in rows
    ]


async def _titles(session: AsyncSession, subscribers: Sequence[int]) -> dict[int, list[str]]:
    """The titles of the lists that each of these people is on."""
    rows = await session.execute(
        select(Subscription.subscriber_id, List.title)
        .join(List, List.id == Subscription.list_id)
        .where(
            Subscription.subscriber_id.in_(subscribers),
            Subscription.state != SubscriptionState.LEFT,
        )
        .order_by(List.id)
    )
    found: dict[int, list[str]] = {}
    for subscriber_id, title in rows:
        found.setdefault(subscriber_id, []).append(title)
    return found
