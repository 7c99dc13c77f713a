"""The limits of the settings, as the engine and the reports want them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.delivery.pacing import holding, viewing
from mailer.delivery.pacing.limits import CAREFUL, DAY, NONE, Limits, Plan, Quota
from mailer.delivery.relays import Relay
from mailer.holds import Hold
from mailer.models import CampaignState
from mailer.providers import KNOWN, Providers
from pli.settings import LimitSettings, Settings


@dataclass(frozen=True, slots=True)
class Outlook:
    """What holds a campaign back now, and when its last copy leaves; None: nobody can know."""

    held_by: Sequence[Hold] = ()
    arrives_at: datetime | None = None


_PERIODS = {"per_minute": 60.0, "per_hour": 3_600.0, "per_day": DAY}


def providers(settings: Settings) -> Providers:
    """Whose domains are whose, with those of the settings."""
    return KNOWN.with_domains({name: it.domains for name, it in settings.providers.items()})


async def outlook(
    session: AsyncSession, settings: Settings, campaign_id: int, state: CampaignState
) -> Outlook:
    """How it goes on with a campaign; of one that does not run there is nothing to say."""
    if state is not CampaignState.RUNNING or not settings.relay_url:
        return Outlook()
    relay = Relay.parse(settings.relay_url).name
    view = await viewing.view(session, campaign_id, plan(settings, relay), providers(settings))
    arrives = holding.arrives_at(view)
    return Outlook(
        holding.holds(view), None if arrives is None else datetime.fromtimestamp(arrives, UTC)
    )


def plan(settings: Settings, relay: str) -> Plan:
    """The limits of a relay, and of each provider behind it: ours, where the settings say none."""
    return Plan(
        relay,
        limits(
            LimitSettings(
                connections=settings.relay_connections,
                messages_per_connection=settings.relay_messages_per_connection,
                per_second=settings.relay_per_second,
                per_minute=settings.relay_per_minute,
                per_hour=settings.relay_per_hour,
                per_day=settings.relay_per_day,
                warm_up=settings.relay_warm_up,
            )
        ),
        CAREFUL
        | {
            name: limits(said, CAREFUL.get(name, NONE)) for name, said in settings.providers.items()
        },
    )


def limits(said: LimitSettings, otherwise: Limits = NONE) -> Limits:
    """What was said, and the rest as otherwise."""
    quotas = {it.seconds: it for it in otherwise.quotas}
    for name, seconds in _PERIODS.items():
        if (copies := getattr(said, name)) is not None:
            quotas[seconds] = Quota(copies, seconds)
    named = {
        name: value
        for name in ("connections", "messages_per_connection", "per_second", "warm_up")
        if (value := getattr(said, name)) is not None
    }
    return replace(otherwise, quotas=tuple(quotas.values()), **named)
