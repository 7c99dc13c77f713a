"""Counts the attempts of a campaign over time, by outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import BigInteger, cast, extract, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Attempt, Delivery
from mailer.report.id_range import id_range

STRETCHES = 60
WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Attempts by outcome in equal stretches of `seconds`, from the first attempt to the last.

    The first stretch begins at a whole number of such stretches since 1970: so hours are sums of
    shorter stretches.
    """

    first: datetime
    last: datetime
    seconds: int
    stretches: tuple[Mapping[str, int], ...]

    @property
    def begins(self) -> datetime:
        """The beginning of the first stretch."""
        second = int(self.first.timestamp())
        return datetime.fromtimestamp(second - second % self.seconds, UTC)

    @property
    def busiest(self) -> int:
        """The greatest number of attempts in one stretch."""
        return max(sum(it.values()) for it in self.stretches)


async def timeline(
    session: AsyncSession, campaign_id: int, *, list_ids: Collection[int] | None = None
) -> Timeline | None:
    """The attempts of a campaign over time; None if there are none yet.

    `list_ids`: only those of copies under one of these lists.
    """
    copies = await id_range(session, campaign_id)
    if copies is None:
        return None
    tried = select(Attempt.at, Attempt.outcome).where(copies.of_attempts())
    if list_ids is not None or not copies.alone:
        on = [] if list_ids is None else [Delivery.list_id.in_(list_ids)]
        tried = tried.join(Delivery, Delivery.id == Attempt.delivery_id).where(
            *copies.of_copies(), *on
        )
    of_campaign = tried.subquery()
    at = of_campaign.c.at
    first, last = (await session.execute(select(func.min(at), func.max(at)))).one()
    if first is None:
        return None
    span = (last - first).total_seconds()
    seconds = next((it for it in WIDTHS if span < it * STRETCHES), int(span) // STRETCHES + 1)
    before = int(first.timestamp()) // seconds
    place = cast(extract("epoch", at), BigInteger) // seconds - before
    counted = await session.execute(
        select(place, of_campaign.c.outcome, func.count()).group_by(place, of_campaign.c.outcome)
    )
    stretches = [Counter[str]() for _ in range(int(span) // seconds + 3)]
    for number, outcome, n in counted:
        stretches[number][outcome] += n
    while not stretches[-1]:
        stretches.pop()
    return Timeline(first, last, seconds, tuple(stretches))
