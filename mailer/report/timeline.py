"""Counts the attempts of a campaign over time, by outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, cast, extract, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Attempt, Delivery

STRETCHES = 60
WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)


@dataclass(frozen=True, slots=True)
class Timeline:
    """Attempts by outcome in equal stretches of `seconds`, from the first attempt to the last."""

    first: datetime
    last: datetime
    seconds: int
    stretches: tuple[Mapping[str, int], ...]

    @property
    def busiest(self) -> int:
        """The greatest number of attempts in one stretch."""
        return max(sum(it.values()) for it in self.stretches)


async def timeline(session: AsyncSession, campaign_id: int) -> Timeline | None:
    """The attempts of a campaign over time; None if there are none yet."""
    of_campaign = (
        select(Attempt.at, Attempt.outcome)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(Delivery.campaign_id == campaign_id)
        .subquery()
    )
    at = of_campaign.c.at
    first, last = (await session.execute(select(func.min(at), func.max(at)))).one()
    if first is None:
        return None
    span = (last - first).total_seconds()
    seconds = next((it for it in WIDTHS if span < it * STRETCHES), int(span) // STRETCHES + 1)
    place = (cast(extract("epoch", at), BigInteger) - int(first.timestamp())) // seconds
    counted = await session.execute(
        select(place, of_campaign.c.outcome, func.count()).group_by(place, of_campaign.c.outcome)
    )
    stretches = [Counter[str]() for _ in range(int(span) // seconds + 2)]
    for number, outcome, n in counted:
        stretches[number][outcome] += n
    while not stretches[-1]:
        stretches.pop()
    return Timeline(first, last, seconds, tuple(stretches))
