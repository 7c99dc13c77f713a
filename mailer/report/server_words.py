"""What servers said to the copies that failed, reason by reason, in their own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Attempt, Delivery, Status
from mailer.report.live_details import shown_reply

SHOWN = 3
"""So many different answers are told for each reason, the most frequent first."""
LOOKED_AT = 200
"""So many of the latest copies of each reason are looked at."""


async def by_reason(
    session: AsyncSession,
    campaign_id: int,
    reasons: Iterable[str],
    *,
    list_ids: Collection[int] | None = None,
) -> Mapping[str, Sequence[str]]:
    """The answers to the latest copies that failed for these reasons, without addresses.

    Of copies under these lists only, if they are given. A reason without any answer is left out.
    """
    found = {}
    for reason in reasons:
        if told := await _of_reason(session, campaign_id, reason, list_ids):
            found[reason] = told
    return found


async def _of_reason(
    session: AsyncSession, campaign_id: int, reason: str, list_ids: Collection[int] | None
) -> Sequence[str]:
    on = [] if list_ids is None else [Delivery.list_id.in_(list_ids)]
    latest = (
        select(Delivery.id, Delivery.attempts)
        .where(
            Delivery.campaign_id == campaign_id,
            Delivery.reason == reason,
            Delivery.status == Status.FAILED,
            *on,
        )
        .order_by(Delivery.id.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    rows = await session.execute(
        select(Attempt.reply_code, Attempt.reply_text).join(
            latest, (Attempt.delivery_id == latest.c.id) & (Attempt.number == latest.c.attempts)
        )
    )
    said = Counter(shown_reply(code, text) for code, text in rows)
    del said[""]
    return [text for text, _n in said.most_common(SHOWN)]
