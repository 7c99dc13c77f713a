"""Where sendings stand that somebody watches: one query for all of them, cheap enough each second.

The counts are those of the batches, and a batch is of one list: so each watcher is shown the lists
that he has a right on, without another query.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.ledger import balance
from mailer.models import Batch, Campaign, CampaignList, CampaignState, Delivery, Status
from mailer.report.summary import OF_CAMPAIGN, Progress
from pli.hours import Hour
from pli.language import as_sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one sending stands; `by_list` has the numbers of each status of `balance.COUNTED`.

    `excluded` is of all lists. `next_try_at` is when the next batch is due.
    """

    campaign: int
    letter: int
    title: str
    state: CampaignState
    reason: Mapping[str, Any] | None
    starts: Hour | None
    started_at: datetime | None
    finished_at: datetime | None
    next_try_at: datetime | None
    excluded: Mapping[str, int]
    by_list: Mapping[int, tuple[int, ...]]

    def settled(self, list_ids: Collection[int] | None = None) -> int:
        """The copies on these lists that are neither pending nor in work; None: on all."""
        return self.seen(list_ids).settled

    def seen(
        self, list_ids: Collection[int] | None = None, excluded: Mapping[str, int] | None = None
    ) -> Progress:
        """The sending as somebody sees it who sees these lists; None: all of them.

        `excluded` are those of these lists, by reason.
        """
        rows = [it for id_, it in self.by_list.items() if list_ids is None or id_ in list_ids]
        sums = [sum(column) for column in zip(*rows, strict=True)] or [0] * len(balance.COUNTED)
        return Progress(
            campaign=self.campaign,
            letter=self.letter,
            title=self.title,
            state=self.state,
            reason=as_sentence(self.reason) if self.reason else None,
            starts=self.starts,
            next_try_at=self.next_try_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
            excluded=self.excluded if excluded is None else excluded,
            **{it.value: n for it, n in zip(balance.COUNTED, sums, strict=True)},
        )


async def of_campaigns(session: AsyncSession, campaign_ids: Collection[int]) -> dict[int, Standing]:
    """Where each of these campaigns stands, by its id; none for one that is not there."""
    sums = (func.coalesce(func.sum(getattr(Batch, it.value)), 0) for it in balance.COUNTED)
    rows = await session.execute(
        select(
            *OF_CAMPAIGN,
            Batch.list_id,
            func.min(case((Batch.pending > 0, Batch.due_at))),
            *sums,
        )
        .outerjoin(Batch, Batch.campaign_id == Campaign.id)
        .where(Campaign.id.in_(campaign_ids))
        .group_by(Campaign.id, Batch.list_id)
    )
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.id, []).append(row)
    return {campaign_id: _standing(its) for campaign_id, its in found.items()}


def _standing(rows: list[Any]) -> Standing:
    one = rows[0]
    due = [row[11] for row in rows if row[11] is not None]
    scheduled = one.scheduled_at if one.state is CampaignState.SCHEDULED else None
    return Standing(
        campaign=one.id,
        letter=one.number,
        title=one.title,
        state=one.state,
        reason=one.reason,
        starts=Hour(scheduled, one.scheduled_zone) if scheduled else None,
        started_at=one.started_at,
        finished_at=one.finished_at,
        next_try_at=min(due, default=None),
        excluded=one.excluded or {},
        by_list={
            row.list_id: tuple(int(it) for it in row[12:])
            for row in rows
            if row.list_id is not None
        },
    )


async def lists_of(session: AsyncSession, campaign_ids: Collection[int]) -> dict[int, list[int]]:
    """The ids of each campaign's lists, in the campaign's order."""
    rows = await session.execute(
        select(CampaignList.campaign_id, CampaignList.list_id)
        .where(CampaignList.campaign_id.in_(campaign_ids))
        .order_by(CampaignList.campaign_id, CampaignList.position)
    )
    found: dict[int, list[int]] = {}
    for campaign_id, list_id in rows:
        found.setdefault(campaign_id, []).append(list_id)
    return found


async def excluded_on(
    session: AsyncSession, campaign_id: int, list_ids: Collection[int]
) -> dict[str, int]:
    """How many of these lists are excluded, by reason; that never changes after preparing."""
    rows = await session.execute(
        select(Delivery.reason, func.count().label("n"))
        .where(balance.rows_of(campaign_id, Status.EXCLUDED), Delivery.list_id.in_(list_ids))
        .group_by(Delivery.reason)
        .order_by(Delivery.reason)
    )
    return {row.reason or "": row.n for row in rows}


@dataclass(frozen=True, slots=True)
class Seen:
    """A sending as somebody sees it who sees some lists; it goes to `further_lists` more."""

    progress: Progress
    further_lists: int


async def latest(
    session: AsyncSession,
    *,
    list_ids: Collection[int] | None,
    limit: int,
    states: Collection[CampaignState] = tuple(CampaignState),
    begins: tuple[datetime, datetime] | None = None,
) -> list[Seen]:
    """Where the latest sendings stand that go to one of these lists, newest first; None: to any.

    The numbers are those of these lists. `begins`: only sendings that began, or are to begin, from
    the first of these moments on and before the second.
    """
    chosen = (
        select(Campaign.id)
        .where(Campaign.state.in_(states))
        .order_by(Campaign.id.desc())
        .limit(limit)
    )
    if begins is not None:
        waits = Campaign.state == CampaignState.SCHEDULED
        at = case((waits, Campaign.scheduled_at), else_=Campaign.started_at)
        chosen = chosen.where(at >= begins[0], at < begins[1])
    if list_ids is not None:
        chosen = chosen.where(
            exists().where(
                CampaignList.campaign_id == Campaign.id, CampaignList.list_id.in_(list_ids)
            )
        )
    ids = (await session.scalars(chosen)).all()
    found = await of_campaigns(session, ids)
    lists = await lists_of(session, ids)
    return [await _seen(session, found[it], lists.get(it, []), list_ids) for it in ids]


async def _seen(
    session: AsyncSession, it: Standing, lists: Collection[int], list_ids: Collection[int] | None
) -> Seen:
    further = 0 if list_ids is None else len(set(lists) - set(list_ids))
    if not further or list_ids is None:
        return Seen(it.seen(), 0)
    excluded = await excluded_on(session, it.campaign, list_ids)
    return Seen(it.seen(list_ids, excluded), further)
