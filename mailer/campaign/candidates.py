"""Writes the candidates of a campaign: one copy for each person, all in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from mailer.models import Audience, Batch, Campaign, CampaignList, Delivery, Status
from mailer.providers import KNOWN, Providers
from subscribers import segments
from subscribers.consent import hindrance
from subscribers.models import Subscriber, Subscription

A_DAY = timedelta(days=1)


async def write(
    session: AsyncSession,
    campaign: Campaign,
    *,
    batch_size: int,
    providers: Providers = KNOWN,
    now: datetime,
) -> Mapping[str, int]:
    """Write a delivery for every candidate, in batches; the number of the excluded by reason.

    Each batch has one list and one provider, so that a slow provider holds up no other. Batches
    are numbered in turn: the first of every list and provider, then the second of each.
    First tries are due since the day before: a clock that is set back does not hold them up.
    """
    chosen = _candidates(campaign, await _selected(session, campaign.rule), providers).cte("chosen")
    reason: ColumnElement[Any] = chosen.c.hindrance
    if campaign.audience is not Audience.ALL:
        already = case((_already(campaign, chosen.c.id), "already"))
        reason = func.coalesce(chosen.c.hindrance, already)
    judged = select(chosen.c.id, chosen.c.list_id, chosen.c.provider, reason.label("reason")).cte(
        "judged"
    )
    group = [judged.c.reason.is_(None), judged.c.list_id, judged.c.provider]
    place = func.row_number().over(partition_by=group, order_by=judged.c.id)
    cut = select(judged, ((place - 1) // batch_size).label("piece")).cte("cut")
    is_free = cut.c.reason.is_(None)
    number = func.dense_rank().over(
        partition_by=is_free, order_by=[cut.c.piece, cut.c.list_id, cut.c.provider]
    )
    await session.execute(
        insert(Delivery).from_select(
            [
                "campaign_id",
                "subscriber_id",
                "list_id",
                "batch",
                "status",
                "reason",
                "attempts",
                "next_attempt_at",
            ],
            select(
                literal(campaign.id),
                cut.c.id,
                cut.c.list_id,
                case((is_free, number)),
                case((is_free, Status.PENDING.value), else_=Status.EXCLUDED.value),
                cut.c.reason,
                literal(0),
                case((is_free, literal(now - A_DAY, Delivery.next_attempt_at.type))),
            ).order_by(cut.c.id),
        )
    )
    await session.execute(_batches_of(campaign.id, now - A_DAY, providers))
    excluded = await session.execute(
        select(Delivery.reason, func.count())
        .where(Delivery.campaign_id == campaign.id, Delivery.status == Status.EXCLUDED)
        .group_by(Delivery.reason)
    )
    return {str(why): n for why, n in excluded}


async def _selected(session: AsyncSession, rule: str) -> ColumnElement[bool] | None:
    return await segments.selecting(session, rule) if rule else None


def _candidates(
    campaign: Campaign, selected: ColumnElement[bool] | None, providers: Providers
) -> Select[Any]:
    """Everybody whom the segment selects, once, with a subscription in any state.

    Of the campaign's lists, in its order, each person gets the first that the person may receive,
    else the first that the person has a subscription to.
    """
    hindered = hindrance(Subscription.list_id)
    ties = (
        select(
            Subscriber.id,
            Subscription.list_id,
            providers.column(Subscriber.email_folded).label("provider"),
            hindered.label("hindrance"),
            CampaignList.position,
        )
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .join(CampaignList, CampaignList.list_id == Subscription.list_id)
        .where(CampaignList.campaign_id == campaign.id)
    )
    if selected is not None:
        ties = ties.where(selected)
    tie = ties.cte("ties")
    placed = select(
        tie,
        func.row_number()
        .over(partition_by=tie.c.id, order_by=[tie.c.hindrance.is_not(None), tie.c.position])
        .label("place"),
    ).cte("placed")
    return select(placed.c.id, placed.c.list_id, placed.c.provider, placed.c.hindrance).where(
        placed.c.place == 1
    )


def _already(campaign: Campaign, subscriber_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether another campaign prepared a copy of the same letter for that person."""
    earlier, copy = aliased(Campaign), aliased(Delivery)
    return exists().where(
        and_(
            earlier.number == campaign.number,
            earlier.letter_hash == campaign.letter_hash,
            earlier.id != campaign.id,
            copy.campaign_id == earlier.id,
            copy.subscriber_id == subscriber_id,
            copy.status != Status.EXCLUDED,
            # A copy skipped by a cancelled campaign never arrived, even if it was tried: a copy
            # that may have arrived is uncertain, never skipped.
            ~and_(copy.status == Status.SKIPPED, copy.reason == "cancelled"),
        )
    )


def _batches_of(campaign_id: int, due_at: datetime, providers: Providers) -> Any:
    """The INSERT of the batches; each takes list and provider from its first row, as all agree."""
    counts = {"sending": 0, "sent": 0, "failed": 0, "skipped": 0, "uncertain": 0, "takings": 0}
    cut = (
        select(
            Delivery.batch,
            func.count().label("pending"),
            func.min(Delivery.id).label("first"),
        )
        .where(Delivery.campaign_id == campaign_id, Delivery.batch.is_not(None))
        .group_by(Delivery.batch)
        .subquery()
    )
    return insert(Batch).from_select(
        ["campaign_id", "number", "due_at", "pending", "list_id", "provider", *counts],
        select(
            literal(campaign_id),
            cut.c.batch,
            literal(due_at, Batch.due_at.type),
            cut.c.pending,
            Delivery.list_id,
            providers.column(Subscriber.email_folded),
            *(literal(n) for n in counts.values()),
        )
        .join(Delivery, Delivery.id == cut.c.first)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .order_by(cut.c.batch),
    )
