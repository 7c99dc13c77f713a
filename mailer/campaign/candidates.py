"""Writes the candidates of a campaign: one copy for each person, all in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from mailer.campaign.addressees import Addressees, addressees_of, set_aside
from mailer.models import Audience, Batch, Campaign, Delivery, Status
from mailer.providers import KNOWN, Providers
from mailer.reasons import ALREADY, SET_ASIDE
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
    addressees = await addressees_of(session, campaign)
    judged = (
        await judge(
            session,
            addressees,
            number=campaign.number,
            letter_hash=campaign.letter_hash,
            campaign_id=campaign.id,
            providers=providers,
        )
    ).cte("judged")
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


async def judge(
    session: AsyncSession,
    addressees: Addressees,
    *,
    number: int,
    letter_hash: str,
    campaign_id: int = 0,
    providers: Providers = KNOWN,
) -> Select[Any]:
    """Every candidate once: id, list_id, provider, and the reason to exclude, NULL for none.

    The first reason that holds: what hinders, then `already`, then `set_aside`. `campaign_id` is
    the campaign whose own copies do not count as earlier ones; 0: there is none yet. Raises
    RuleError for a rule that names what is not there any more.
    """
    rule = addressees.rule
    selected = await segments.selecting(session, rule) if rule else None
    aside = await set_aside(session, addressees.aside)
    chosen = _candidates(addressees.list_ids, selected, aside, providers).cte("chosen")
    reasons: list[ColumnElement[Any]] = [chosen.c.hindrance]
    if addressees.audience is not Audience.ALL:
        already = _already(number, letter_hash, campaign_id, chosen.c.id)
        reasons.append(case((already, ALREADY)))
    if aside is not None:
        reasons.append(case((chosen.c.aside, SET_ASIDE)))
    reason = func.coalesce(*reasons) if len(reasons) > 1 else reasons[0]
    return select(chosen.c.id, chosen.c.list_id, chosen.c.provider, reason.label("reason"))


def _candidates(
    list_ids: Sequence[int],
    selected: ColumnElement[bool] | None,
    aside: ColumnElement[bool] | None,
    providers: Providers,
) -> Select[Any]:
    """Everybody whom the segment selects, once, with a subscription in any state.

    Of these lists, in their order, each person gets the first that the person may receive, else the
    first that the person has a subscription to.
    """
    hindered = hindrance(Subscription.list_id)
    columns: list[Any] = [
        Subscriber.id,
        Subscription.list_id,
        providers.column(Subscriber.email_folded).label("provider"),
        hindered.label("hindrance"),
        *([aside.label("aside")] if aside is not None else []),
    ]
    tied = Subscription.subscriber_id == Subscriber.id
    ties: Select[Any] = (
        select(*columns).join(Subscription, tied).where(Subscription.list_id.in_(list_ids))
    )
    if selected is not None:
        ties = ties.where(selected)
    if len(list_ids) == 1:
        return ties  # one subscription a person: there is nothing to rank
    position = case({it: n for n, it in enumerate(list_ids)}, value=Subscription.list_id)
    tie = ties.add_columns(position.label("position")).cte("ties")
    placed = select(
        tie,
        func.row_number()
        .over(partition_by=tie.c.id, order_by=[tie.c.hindrance.is_not(None), tie.c.position])
        .label("place"),
    ).cte("placed")
    wanted = ["id", "list_id", "provider", "hindrance", *(["aside"] if aside is not None else [])]
    return select(*(placed.c[it] for it in wanted)).where(placed.c.place == 1)


def _already(
    number: int, letter_hash: str, besides: int, subscriber_id: ColumnElement[int]
) -> ColumnElement[bool]:
    """Whether another campaign prepared a copy of the same letter for that person."""
    earlier, copy = aliased(Campaign), aliased(Delivery)
    return exists().where(
        and_(
            earlier.number == number,
            earlier.letter_hash == letter_hash,
            earlier.id != besides,
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
