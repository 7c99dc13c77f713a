"""What came back, as it is listed and counted: SELECT only, into frozen values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounce_models import Bounce, BounceMail, Effect
from mailer.bounces import keeping, repeated, words
from mailer.bounces.burst import LIKELY_IN_A_BURST
from mailer.bounces.report import Action, How, Kind, Weight
from mailer.bounces.rules import BounceRules
from mailer.models import Campaign, Delivery
from pli.errors import PliError
from pli.language import N_, Sentence
from subscribers.models import Subscriber

CLAIMABLE = (Kind.FAILURE.value, Kind.COMPLAINT.value)
"""The kinds of mails without a token that a person may tie to somebody."""


class NoBounce(PliError):
    """There is no bounce, or no mail, with this number."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One bounce with the copy it is about; `email` is "" if its person is erased."""

    id: int
    at: datetime
    mail: int | None
    campaign: int | None
    letter: int | None
    subscriber: int | None
    email: str
    action: str
    reason: str
    weight: str
    status: str
    diagnostic: str
    how: str
    effect: Effect
    burst: bool = False
    """Whether it came back as likely gone in a burst about which nobody has decided."""

    @property
    def followed(self) -> Sentence:
        """What followed, in words."""
        return words.LIKELY_IN_A_BURST if self.burst else words.effect(self.effect, self.action)

    @property
    def sentence(self) -> Sentence:
        """What came back, in words."""
        return words.sentence(self.action, self.reason, self.diagnostic)


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """A mail without a token of ours, and the address that it speaks of."""

    mail: int
    at: datetime
    kind: str
    address: str
    subscriber: int | None
    note: str


@dataclass(frozen=True, slots=True)
class StalePerson:
    """A person of whom letters keep coming back for passing trouble."""

    subscriber: int
    email: str
    letters: int
    since: datetime
    latest: datetime
    reason: str


async def latest(
    session: AsyncSession,
    *,
    campaign_id: int | None = None,
    held: bool = False,
    limit: int,
) -> Sequence[Listed]:
    """The latest bounces, of all campaigns or of one; `held`: those that wait for a person."""
    conditions: list[ColumnElement[bool]] = []
    if campaign_id is not None:
        conditions.append(Bounce.campaign_id == campaign_id)
    if held:
        waits = Bounce.effect.in_([Effect.HELD, Effect.WAITING])
        conditions.append(or_(waits, LIKELY_IN_A_BURST))
    rows = await session.execute(
        _listed().where(*conditions).order_by(Bounce.id.desc()).limit(limit)
    )
    return [Listed(*row) for row in rows]


async def one(session: AsyncSession, bounce_id: int) -> tuple[Listed, str]:
    """A bounce, and the mail that told it ("" if there was none, or it is kept no more)."""
    row = (await session.execute(_listed().where(Bounce.id == bounce_id))).one_or_none()
    if row is None:
        raise NoBounce(
            N_('there is no bounce {number}: "pli bounce list" shows them'), number=bounce_id
        )
    found = Listed(*row)
    raw = await session.scalar(select(BounceMail.raw).where(BounceMail.id == found.mail))
    return found, keeping.unpacked(raw).decode("utf-8", "replace") if raw else ""


async def unclaimed(session: AsyncSession, *, limit: int) -> Sequence[Unclaimed]:
    """The latest mails that speak of an address and carry no token of ours."""
    claimed = select(Bounce.mail_id).where(Bounce.mail_id == BounceMail.id)
    rows = await session.execute(
        select(
            BounceMail.id,
            BounceMail.at,
            BounceMail.kind,
            BounceMail.address,
            BounceMail.subscriber_id,
            BounceMail.note,
        )
        .where(BounceMail.number.is_(None), BounceMail.kind.in_(CLAIMABLE), ~claimed.exists())
        .order_by(BounceMail.id.desc())
        .limit(limit)
    )
    return [Unclaimed(*row) for row in rows]


async def notes(session: AsyncSession, *, limit: int) -> Sequence[Unclaimed]:
    """The latest answers that say somebody has left, or has another address."""
    rows = await session.execute(
        select(
            BounceMail.id,
            BounceMail.at,
            BounceMail.kind,
            BounceMail.address,
            BounceMail.subscriber_id,
            BounceMail.note,
        )
        .where(BounceMail.kind == Kind.NOTE.value)
        .order_by(BounceMail.id.desc())
        .limit(limit)
    )
    return [Unclaimed(*row) for row in rows]


async def stale(session: AsyncSession, rules: BounceRules, now: datetime) -> Sequence[StalePerson]:
    """The people about whom staff are asked, the longest first."""
    found = await session.run_sync(repeated.stale, rules, now)
    ids = [it.subscriber_id for it in found]
    rows = await session.execute(
        select(Subscriber.id, Subscriber.email).where(Subscriber.id.in_(ids))
    )
    emails = {row.id: row.email for row in rows}
    return [
        StalePerson(
            it.subscriber_id, emails.get(it.subscriber_id, ""), it.letters, it.since, it.latest,
            it.reason,
        )
        for it in found
    ]  # fmt: skip


async def by_reason(
    session: AsyncSession, campaign_id: int, *, list_ids: Collection[int] | None = None
) -> Mapping[str, int]:
    """How many copies of a campaign came back after a relay took them, by reason.

    `list_ids`: only copies that went out under one of these lists.
    """
    counted = (
        select(Bounce.reason, func.count(Bounce.delivery_id.distinct()).label("n"))
        .where(Bounce.campaign_id == campaign_id, came_back())
        .group_by(Bounce.reason)
        .order_by(Bounce.reason)
    )
    if list_ids is not None:
        counted = counted.join(Delivery, Delivery.id == Bounce.delivery_id).where(
            Delivery.list_id.in_(list_ids)
        )
    rows = await session.execute(counted)
    return {row.reason: row.n for row in rows}


async def complaints(
    session: AsyncSession, campaign_id: int, *, list_ids: Collection[int] | None = None
) -> Sequence[datetime]:
    """When each person who marked a copy of a campaign as spam first did."""
    first = (
        select(func.min(Bounce.at))
        .where(Bounce.campaign_id == campaign_id, Bounce.weight == Weight.COMPLAINT.value)
        .group_by(Bounce.delivery_id)
    )
    if list_ids is not None:
        first = first.join(Delivery, Delivery.id == Bounce.delivery_id).where(
            Delivery.list_id.in_(list_ids)
        )
    return (await session.scalars(first)).all()


async def of_copies(
    session: AsyncSession, delivery_ids: Sequence[int]
) -> Mapping[int, tuple[str, str, datetime]]:
    """What came back of these copies at last: weight, reason, and when."""
    rows = await session.execute(
        select(Bounce.delivery_id, Bounce.weight, Bounce.reason, Bounce.at)
        .where(Bounce.delivery_id.in_(delivery_ids), came_back())
        .order_by(Bounce.id)
    )
    return {
        delivery_id: (weight, reason, at)
        for delivery_id, weight, reason, at in rows
        if delivery_id is not None
    }


def came_back() -> ColumnElement[bool]:
    """Whether a bounce tells that a copy came back, or was complained of, after it had left."""
    return (Bounce.how != How.SESSION.value) & Bounce.action.in_(
        [Action.FAILED.value, Kind.COMPLAINT.value]
    )


def _listed() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Bounce.id,
            Bounce.at,
            Bounce.mail_id,
            Bounce.campaign_id,
            Campaign.number,
            Delivery.subscriber_id,
            func.coalesce(Subscriber.email, ""),
            Bounce.action,
            Bounce.reason,
            Bounce.weight,
            Bounce.status,
            Bounce.diagnostic,
            Bounce.how,
            Bounce.effect,
            LIKELY_IN_A_BURST,
        )
        .outerjoin(Delivery, Delivery.id == Bounce.delivery_id)
        .outerjoin(Campaign, Campaign.id == Bounce.campaign_id)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
    )
