"""A campaign's copies by provider, by hour, by attempt, and who left by day; SELECT only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.ledger import balance
from mailer.models import Batch, Delivery, Status
from mailer.report import bounces
from mailer.report.id_range import id_range
from mailer.report.timeline import Timeline
from subscribers.models import ConsentEvent, ConsentRecord

AN_HOUR = 3600
MOST_ROWS = 72
"""A table by hour is no longer than three days; beyond that each row is a longer time."""


@dataclass(frozen=True, slots=True)
class ByProvider:
    """The copies to one provider, by status."""

    provider: str
    copies: Mapping[Status, int]

    @property
    def total(self) -> int:
        """All copies to this provider."""
        return sum(self.copies.values())


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Parts of a report.

    `by_attempt` has, for each number of tries, the copies by status. `by_hour` has the tries by
    outcome from each hour on (a longer time where the sending took more than `MOST_ROWS` hours).
    `left_by_day` counts people who used the unsubscribe link of a copy, `complained_by_day` those
    who marked a copy as spam.
    """

    by_provider: Sequence[ByProvider]
    by_attempt: Sequence[tuple[int, Mapping[Status, int]]]
    by_hour: Sequence[tuple[datetime, Mapping[str, int]]]
    left_by_day: Mapping[date, int]
    complained_by_day: Mapping[date, int]

    @property
    def days(self) -> Sequence[date]:
        """The days on which somebody left or complained."""
        return sorted({*self.left_by_day, *self.complained_by_day})


async def breakdown(
    session: AsyncSession,
    campaign_id: int,
    over_time: Timeline | None,
    *,
    list_ids: Collection[int] | None = None,
    zone: tzinfo | None = None,
) -> Breakdown:
    """All parts, of copies under these lists (None: under all); days are those of `zone`."""
    by_provider = await _by_provider(session, campaign_id, list_ids)
    totals = sum((Counter(it.copies) for it in by_provider), Counter[Status]())
    return Breakdown(
        by_provider,
        await _by_attempt(session, campaign_id, totals, list_ids),
        by_hour(over_time) if over_time else (),
        await left_by_day(session, campaign_id, list_ids=list_ids, zone=zone),
        _by_day(await bounces.complaints(session, campaign_id, list_ids=list_ids), zone),
    )


async def _by_provider(
    session: AsyncSession, campaign_id: int, list_ids: Collection[int] | None
) -> list[ByProvider]:
    on = [] if list_ids is None else [Batch.list_id.in_(list_ids)]
    rows = await session.execute(
        select(Batch.provider, *(func.sum(getattr(Batch, it.value)) for it in balance.COUNTED))
        .where(Batch.campaign_id == campaign_id, *on)
        .group_by(Batch.provider)
    )
    found = [
        ByProvider(
            provider, {it: int(n) for it, n in zip(balance.COUNTED, counted, strict=True) if n}
        )
        for provider, *counted in rows
    ]
    return sorted(found, key=lambda it: (-it.total, it.provider))


async def _by_attempt(
    session: AsyncSession,
    campaign_id: int,
    totals: Mapping[Status, int],
    list_ids: Collection[int] | None,
) -> list[tuple[int, Mapping[Status, int]]]:
    """The copies by their tries: others than one are counted, one try is what is left of `totals`.

    Nearly all copies take one try, and SQLite would sort a million rows to group them.
    """
    copies = await id_range(session, campaign_id)
    if copies is None:
        return []
    on = [] if list_ids is None else [Delivery.list_id.in_(list_ids)]
    rows = await session.execute(
        select(Delivery.attempts, Delivery.status, func.count())
        .where(*copies.of_copies(), Delivery.batch.is_not(None), Delivery.attempts != 1, *on)
        .group_by(Delivery.attempts, Delivery.status)
    )
    found: dict[int, Counter[Status]] = {1: Counter(totals)}
    for attempts, status, n in rows:
        found.setdefault(attempts, Counter())[status] += n
        found[1][status] -= n
    counted = ((attempts, +by_status) for attempts, by_status in sorted(found.items()))
    return [(attempts, by_status) for attempts, by_status in counted if by_status]


def by_hour(over_time: Timeline) -> list[tuple[datetime, Mapping[str, int]]]:
    """The tries by outcome in each hour, from its beginning; hours without any are left out."""
    seconds = max(AN_HOUR, over_time.seconds)
    found: dict[datetime, Counter[str]] = {}
    for place, tried in enumerate(over_time.stretches):
        if tried:
            at = over_time.begins + timedelta(seconds=place * over_time.seconds)
            begins = at - timedelta(seconds=int(at.timestamp()) % seconds)
            found.setdefault(begins, Counter()).update(tried)
    return sorted(found.items())


async def left_by_day(
    session: AsyncSession,
    campaign_id: int,
    *,
    list_ids: Collection[int] | None = None,
    zone: tzinfo | None = None,
) -> dict[date, int]:
    """How many people used the unsubscribe link of a copy, by the day on which they first did."""
    on = [] if list_ids is None else [Delivery.list_id.in_(list_ids)]
    rows = await session.scalars(
        select(func.min(ConsentRecord.at))
        .join(Delivery, Delivery.id == ConsentRecord.delivery_id)
        .where(
            ConsentRecord.delivery_id.is_not(None),
            ConsentRecord.event == ConsentEvent.LEFT,
            # + 0 hides the index of campaigns: from the few who left to their copies.
            Delivery.campaign_id + 0 == campaign_id,
            *on,
        )
        .group_by(ConsentRecord.delivery_id)
    )
    return _by_day(rows, zone)


def _by_day(moments: Iterable[datetime], zone: tzinfo | None) -> dict[date, int]:
    return dict(sorted(Counter(at.astimezone(zone).date() for at in moments).items()))
