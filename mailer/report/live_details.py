"""What a watcher is told beside the numbers: why copies fail, what the relay says, who left."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer import answer_words
from mailer.models import Attempt, Delivery, Status
from mailer.report import put_off
from pli.harmless import as_spaces, one_line
from subscribers.models import ConsentEvent, ConsentRecord

REFUSALS = 5
LOOKED_AT = 500
"""So many failed copies with the highest ids are looked at for the latest refusals: copies leave
about in the order of their ids, and to sort all failed ones would take long."""
LONGEST_REPLY = 300


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a relay said to one copy; addresses in it are replaced by "…"."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Details:
    """`failures` are numbers by reason. `put_off` is the relay's reply to copies that wait for
    another try. `left` is how many people used the unsubscribe link of a copy."""

    failures: Mapping[str, int]
    refusals: Sequence[Refusal]
    put_off: str | None
    left: int


async def details(
    session: AsyncSession, campaign_id: int, *, list_ids: Collection[int] | None = None
) -> Details:
    """The details of a campaign; of copies under these lists only, if they are given."""
    failed = _failed(campaign_id, list_ids)
    failures = await failures_by_reason(session, campaign_id, list_ids=list_ids)
    refusals: list[Refusal] = []
    if failures:
        latest = (
            select(Delivery.id, Delivery.attempts)
            .where(*failed)
            .order_by(Delivery.id.desc())
            .limit(LOOKED_AT)
            .subquery()
        )
        rows = await session.execute(
            select(Attempt.at, Attempt.reply_code, Attempt.reply_text)
            .join(
                latest, (Attempt.delivery_id == latest.c.id) & (Attempt.number == latest.c.attempts)
            )
            .order_by(Attempt.at.desc())
            .limit(REFUSALS)
        )
        refusals = [Refusal(at, shown_reply(code, text)) for at, code, text in rows]
    waits = await put_off.relay_says(session, campaign_id)
    return Details(
        failures,
        refusals,
        shown_reply(None, waits) if waits else None,
        await left_by_its_link(session, campaign_id, list_ids=list_ids),
    )


async def failures_by_reason(
    session: AsyncSession, campaign_id: int, *, list_ids: Collection[int] | None = None
) -> Mapping[str, int]:
    """How many copies failed for each reason, the most frequent first."""
    counted = await session.execute(
        select(Delivery.reason, func.count().label("n"))
        .where(*_failed(campaign_id, list_ids))
        .group_by(Delivery.reason)
    )
    return {row.reason or "": row.n for row in sorted(counted, key=lambda it: -it.n)}


def _failed(campaign_id: int, list_ids: Collection[int] | None) -> tuple[ColumnElement[bool], ...]:
    on = () if list_ids is None else (Delivery.list_id.in_(list_ids),)
    return (
        Delivery.campaign_id == campaign_id,
        Delivery.reason.is_not(None),
        Delivery.status == Status.FAILED,
        *on,
    )


async def left_by_its_link(
    session: AsyncSession, campaign_id: int, *, list_ids: Collection[int] | None = None
) -> int:
    """How many people used the unsubscribe link of a copy of this campaign."""
    on = [] if list_ids is None else [Delivery.list_id.in_(list_ids)]
    left = await session.scalar(
        select(func.count(ConsentRecord.delivery_id.distinct()))
        .join(Delivery, Delivery.id == ConsentRecord.delivery_id)
        .where(
            ConsentRecord.delivery_id.is_not(None),
            ConsentRecord.event == ConsentEvent.LEFT,
            # + 0 hides the index of campaigns: from the few who left to their copies.
            Delivery.campaign_id + 0 == campaign_id,
            *on,
        )
    )
    return left or 0


def shown_reply(code: int | None, text: str) -> str:
    """A relay's reply on one line, without addresses and what a screen would obey."""
    said = f"{code or ''} {answer_words.without_addresses(as_spaces(text))}"
    return one_line(said, LONGEST_REPLY)
