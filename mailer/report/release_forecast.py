"""Forecasts a sending that is not prepared yet: how long it takes at today's limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Campaign
from mailer.pacing.limits import Plan
from mailer.providers import KNOWN, Providers
from mailer.report import pacing_forecast, pacing_view
from mailer.report.foresee import Foreseen
from subscribers import lists


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is known of a sending's length before it begins.

    `at_least` is by the limits of relays and providers, used as they are now. `last_took` is how
    long the last letter to these lists took, None if that is not known. `relays`: by which relays
    it goes, by their names in attempts.
    """

    at_least: timedelta
    last_took: timedelta | None
    relays: tuple[str, ...]


async def forecast(
    session: AsyncSession,
    foreseen: Foreseen,
    plans: Mapping[str, Plan],
    providers: Providers = KNOWN,
) -> Forecast:
    """The forecast of what was foreseen with its spread over lists and providers."""
    own = {it.id: it.relays for it in await lists.everything(session)}
    shares: dict[str, Counter[str]] = {}
    for (list_id, provider), n in foreseen.spread.items():
        order = [it for it in own.get(list_id) or plans if it in plans] or list(plans)
        if order:
            shares.setdefault(order[0], Counter())[provider] += n
    seconds = 0.0
    for relay, counts in shares.items():
        view = await pacing_view.view(session, 0, plans[relay], providers)
        there = replace(view, pending=counts, before=counts)
        seconds = max(seconds, pacing_forecast.earliest(there) - view.now)
    return Forecast(
        timedelta(seconds=seconds),
        await _last_took(session, foreseen),
        tuple(plans[it].relay for it in shares),
    )


async def _last_took(session: AsyncSession, foreseen: Foreseen) -> timedelta | None:
    if foreseen.last is None:
        return None
    row = (
        await session.execute(
            select(Campaign.started_at, Campaign.finished_at).where(
                Campaign.id == foreseen.last.campaign
            )
        )
    ).one()
    return row.finished_at - row.started_at if row.started_at and row.finished_at else None
