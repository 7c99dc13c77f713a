"""Reads the state of a campaign's pacing: SELECT only, cheap enough for every second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import tzinfo

from sqlalchemy import case, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.engine.workers import GONE
from mailer.models import Batch, Campaign, CampaignState, Share, Worker, is_open
from mailer.pacing import usage
from mailer.pacing.limits import Plan
from mailer.pacing.shares import LONGEST_SECONDS
from mailer.providers import KNOWN, WHOLE, Providers
from mailer.report.pacing_forecast import View
from pli.columns import clock


async def view(
    session: AsyncSession,
    campaign_id: int,
    plan: Plan,
    providers: Providers = KNOWN,
    *,
    lists: Collection[int] | None = None,
    zone: tzinfo | None = None,
) -> View:
    """The state of a campaign on the plan's relay.

    It counts waiting copies, also of campaigns that take turns with this one, and reads the used
    quotas and the rates of the workers. `lists`: the ids of the lists that use this relay; None:
    all. `zone` is the time zone of the hours in sentences.
    """
    standings, now = await usage.look(session, plan)
    left = func.sum(Batch.pending + Batch.sending)
    found = await session.execute(
        select(
            Batch.campaign_id,
            Batch.provider,
            left,
            func.max(case((Batch.pending > 0, Batch.due_at))),
        )
        .join(Campaign)
        .where(
            is_open(),
            true() if lists is None else Batch.list_id.in_(lists),
            (Campaign.state == CampaignState.RUNNING) | (Campaign.id == campaign_id),
        )
        .group_by(Batch.campaign_id, Batch.provider)
    )
    pending: dict[str, int] = {}
    all_of: Counter[str] = Counter()
    campaigns: Counter[str] = Counter()
    due = 0.0
    for id_, provider, n, last in found:
        all_of[provider] += n
        campaigns[provider] += 1
        if id_ == campaign_id:
            pending[provider] = n
            due = max(due, last.timestamp() if last else 0.0)
    # Campaigns take turns: for each copy of this campaign, at most one of every other leaves.
    before = {it: min(all_of[it], n * campaigns[it]) for it, n in pending.items()}
    rates = {
        provider: float(rate)
        for provider, rate in await session.execute(
            select(Share.provider, func.sum(Share.rate))
            .where(
                Share.relay == plan.relay,
                Share.lease_until > clock(),
                Share.lease_until < clock(LONGEST_SECONDS),
            )
            .group_by(Share.provider)
        )
    }
    workers, rate = (
        await session.execute(
            select(func.count(), func.coalesce(func.sum(Worker.rate), 0.0)).where(
                Worker.seen_at > clock(-GONE.total_seconds())
            )
        )
    ).one()
    return View(
        now=now,
        plan=plan,
        standings=standings,
        pending=pending,
        before=before,
        rates={**rates, WHOLE: float(rate)},
        workers=workers,
        due=due,
        names={it: providers.name(it) for it in pending},
        zone=zone,
    )
