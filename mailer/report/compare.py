"""Letters side by side: how many were sent, failed and left, and how long the sending took."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounce_models import Bounce
from mailer.models import Delivery, Status
from mailer.report import bounces, standing
from mailer.report.standing import Standing
from mailer.report.summary import ReportError, iso
from pli.language import N_
from subscribers.models import ConsentEvent, ConsentRecord

MOST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One sending among others, in numbers.

    `seconds` is from its start to its end; None if it has not ended. `failures` are by reason.
    `left` used the unsubscribe link of a copy; `came_back` came back after it was sent.
    `further_lists` are not counted here.
    """

    campaign: int
    letter: int
    title: str
    started_at: datetime | None
    seconds: float | None
    prepared: int
    sent: int
    failed: int
    skipped: int
    uncertain: int
    failures: Mapping[str, int]
    left: int
    came_back: int
    further_lists: int

    def share(self, n: int) -> float:
        """`n` as a share of what was prepared."""
        return n / self.prepared if self.prepared else 0.0

    def as_json(self) -> dict[str, Any]:
        """The document for scripts."""
        return {
            "campaign": self.campaign,
            "letter": self.letter,
            "title": self.title,
            "started_at": iso(self.started_at),
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "prepared": self.prepared,
            "sent": self.sent,
            "failed": self.failed,
            "skipped": self.skipped,
            "uncertain": self.uncertain,
            "failures": dict(self.failures),
            "left": self.left,
            "came_back": self.came_back,
        }


async def compare(
    session: AsyncSession,
    campaign_ids: Collection[int],
    *,
    list_ids: Collection[int] | None = None,
) -> Sequence[Compared]:
    """These sendings, the earliest first; of copies under these lists only, if they are given.

    Raises ReportError for more than `MOST`, and for one that is not there or has no list of these.
    """
    wanted = sorted(set(campaign_ids))
    if len(wanted) > MOST:
        raise ReportError(N_("at most {n} sendings are compared at one time"), n=MOST)
    found = await standing.of_campaigns(session, wanted)
    lists = await standing.lists_of(session, wanted)
    for campaign_id in wanted:
        its = lists.get(campaign_id, [])
        if campaign_id not in found or not (list_ids is None or set(its) & set(list_ids)):
            raise ReportError(
                N_('there is no campaign {number}: "pli campaign list" shows them'),
                number=campaign_id,
            )
    on = [] if list_ids is None else [Delivery.list_id.in_(list_ids)]
    failures: dict[int, dict[str, int]] = {}
    for campaign_id, reason, n in await session.execute(
        select(Delivery.campaign_id, Delivery.reason, func.count())
        .where(
            Delivery.campaign_id.in_(wanted),
            Delivery.reason.is_not(None),
            Delivery.status == Status.FAILED,
            *on,
        )
        .group_by(Delivery.campaign_id, Delivery.reason)
        .order_by(Delivery.campaign_id, func.count().desc())
    ):
        failures.setdefault(campaign_id, {})[reason or ""] = n
    left = await _by_campaign(
        session,
        select(Delivery.campaign_id, func.count(ConsentRecord.delivery_id.distinct()))
        .join(ConsentRecord, Delivery.id == ConsentRecord.delivery_id)
        .where(
            ConsentRecord.delivery_id.is_not(None),
            ConsentRecord.event == ConsentEvent.LEFT,
            # + 0 hides the index of campaigns: from the few who left to their copies.
            (Delivery.campaign_id + 0).in_(wanted),
            *on,
        )
        .group_by(Delivery.campaign_id),
    )
    back = select(Bounce.campaign_id, func.count(Bounce.delivery_id.distinct())).where(
        Bounce.campaign_id.in_(wanted), bounces.came_back()
    )
    if on:
        back = back.join(Delivery, Delivery.id == Bounce.delivery_id).where(*on)
    came_back = await _by_campaign(session, back.group_by(Bounce.campaign_id))
    return [
        _compared(
            found[id_],
            list_ids,
            failures=failures.get(id_, {}),
            left=left.get(id_, 0),
            came_back=came_back.get(id_, 0),
            further_lists=0 if list_ids is None else len(set(lists[id_]) - set(list_ids)),
        )
        for id_ in wanted
    ]


async def _by_campaign(session: AsyncSession, counted: Any) -> dict[int, int]:
    return {row[0]: row[1] for row in await session.execute(counted)}


def _compared(it: Standing, list_ids: Collection[int] | None, **values: Any) -> Compared:
    seen = it.seen(list_ids)
    started_at, ended = it.started_at, it.finished_at
    return Compared(
        campaign=it.campaign,
        letter=it.letter,
        title=it.title,
        started_at=started_at,
        seconds=(ended - started_at).total_seconds() if ended and started_at else None,
        prepared=seen.prepared,
        sent=seen.sent,
        failed=seen.failed,
        skipped=seen.skipped,
        uncertain=seen.uncertain,
        **values,
    )
