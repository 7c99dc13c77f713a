"""The limits of the settings, as the engine and the reports want them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from commands import relays
from commands.policy import providers_of
from mailer.campaign import sending_hours
from mailer.campaign.holds import Hold
from mailer.models import CampaignState
from mailer.pacing.limits import CAREFUL, DAY, NONE, Limits, Plan, Quota
from mailer.report import pacing_forecast, pacing_view
from pli.language import N_, say
from pli.settings import MAIN, LimitSettings, Settings
from subscribers import lists


@dataclass(frozen=True, slots=True)
class Outlook:
    """What holds a campaign back now, and when its last copy leaves; None: nobody can know."""

    held_by: Sequence[Hold] = ()
    arrives_at: datetime | None = None


_PERIODS = {"per_minute": 60.0, "per_hour": 3_600.0, "per_day": DAY}


async def outlook(
    session: AsyncSession, settings: Settings, campaign_id: int, state: CampaignState
) -> Outlook:
    """How it goes on with a campaign; of one that does not run there is nothing to say."""
    if state is not CampaignState.RUNNING or not settings.relay_url:
        return Outlook()
    held = await sending_hours.held(session, campaign_id)
    by_relay = await _lists_by_relay(session, settings)
    arrivals: list[float | None] = []
    for name, relay in relays.of(settings).items():
        view = await pacing_view.view(
            session,
            campaign_id,
            plan(settings, name, relay.name),
            providers_of(settings),
            lists=by_relay[name] if settings.relays else None,
        )
        arrivals.append(pacing_forecast.arrives_at(view))
        for hold in pacing_forecast.holds(view):
            sentence = hold.sentence
            if settings.relays:
                sentence = say(N_("{relay}: {hold}"), relay=name, hold=sentence)
            held.append(replace(hold, sentence=sentence))
    known = [it for it in arrivals if it is not None]
    if len(known) < len(arrivals):
        return Outlook(held)
    arrives = datetime.fromtimestamp(max(known), UTC)
    in_time = await sending_hours.open_until(session, campaign_id, arrives)
    return Outlook(held, arrives if in_time else None)


async def _lists_by_relay(session: AsyncSession, settings: Settings) -> Mapping[str, list[int]]:
    """Each list's number, by the relay that it goes by first."""
    found: dict[str, list[int]] = defaultdict(list)
    if settings.relays:
        known = (MAIN, *settings.relays)
        for list_ in await lists.everything(session):
            order = [name for name in list_.relays or known if name in known]
            found[order[0] if order else MAIN].append(list_.id)
    return found


def plan(settings: Settings, name: str, relay: str) -> Plan:
    """The limits of a relay, and of each provider behind it: ours, where the settings say none.

    `relay`: what it is called in attempts.
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
