"""Turns the limits of the settings into the values that the engine and the reports take."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from commands import relays
from commands.policy import providers_of
from mailer.pacing.limits import CAREFUL, DAY, NONE, Limits, Plan, Quota
from mailer.report.outlook import HAS_OUTLOOK, Outlook, outlook
from mailer.report.summary import Progress
from pli.hours import zone_of
from pli.settings import Settings
from pli.settings_tables import LimitSettings

_PERIODS = {"per_minute": 60.0, "per_hour": 3_600.0, "per_day": DAY}


async def look_ahead(session: AsyncSession, settings: Settings, progress: Progress) -> Outlook:
    """The outlook of a campaign; empty, without reading the relays, if its state has none."""
    if progress.state not in HAS_OUTLOOK or not settings.relay_url:
        return Outlook()
    return await outlook(
        session,
        campaign_id=progress.campaign,
        plans={name: plan(settings, name, it.name) for name, it in relays.of(settings).items()},
        providers=providers_of(settings),
        zone=zone_of(settings.timezone),
    )


def plan(settings: Settings, name: str, relay: str) -> Plan:
    """The limits of a relay and of each provider, with our defaults where the settings say nothing.

    `name` is the relay's name in the settings, `relay` its name in attempts.
    """
    said = (
        settings.relays[name]
        if name in settings.relays
        else LimitSettings(
            per_second=settings.relay_per_second,
            per_minute=settings.relay_per_minute,
            per_hour=settings.relay_per_hour,
            per_day=settings.relay_per_day,
            warm_up=settings.relay_warm_up,
        )
    )
    usual = Limits(
        connections=relays.connections(settings, name),
        messages_per_connection=relays.messages_per_connection(settings, name),
    )
    return Plan(
        relay,
        limits(said, usual),
        CAREFUL
        | {
            name: limits(said, CAREFUL.get(name, NONE)) for name, said in settings.providers.items()
        },
        zone_of(settings.timezone),
    )


def limits(said: LimitSettings, otherwise: Limits = NONE) -> Limits:
    """The limits that the settings name; each other limit is that of `otherwise`."""
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
