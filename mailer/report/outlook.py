"""What holds a campaign back now, and when its last copy leaves, over all relays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import sending_hours
from mailer.campaign.holds import Hold
from mailer.models import Campaign, CampaignState
from mailer.pacing.limits import Plan
from mailer.providers import KNOWN, Providers
from mailer.report import pacing_forecast, pacing_view, relays_away
from mailer.report.undone import undone
from pli.language import N_, say
from subscribers import lists

HAS_OUTLOOK = (CampaignState.SCHEDULED, CampaignState.RUNNING)
"""What is scheduled is held back only by what could not be done at its hour (`undone`)."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What holds a campaign back now, and when its last copy leaves; None: that is unknown."""

    held_by: Sequence[Hold] = ()
    arrives_at: datetime | None = None


async def outlook(
    session: AsyncSession,
    *,
    campaign_id: int,
    plans: Mapping[str, Plan],
    providers: Providers = KNOWN,
    zone: tzinfo | None = None,
) -> Outlook:
    """The outlook of a campaign; empty if its state is none of HAS_OUTLOOK.

    `plans` are the limits of each relay by its name, in the order in which relays are tried.
    `zone` is the time zone of the hours in sentences; None: this machine's.
    """
    state = await session.scalar(select(Campaign.state).where(Campaign.id == campaign_id))
    if state not in HAS_OUTLOOK:
        return Outlook()
    held = await undone(session, campaign_id, zone)
    if not plans or state is not CampaignState.RUNNING:
        return Outlook(tuple(held))
    held += await sending_hours.held(session, campaign_id, zone)
    away = await relays_away.waits(session, tuple(plans), campaign_id=campaign_id, zone=zone)
    held += away.get(campaign_id, ())
    lists_by = await _lists_by_relay(session, tuple(plans)) if len(plans) > 1 else None
    arrivals: list[float | None] = []
    for relay, plan in plans.items():
        view = await pacing_view.view(
            session,
            campaign_id,
            plan,
            providers,
            lists=None if lists_by is None else lists_by[relay],
            zone=zone,
        )
        arrivals.append(pacing_forecast.arrives_at(view))
        holds = pacing_forecast.holds(view)
        held += holds if lists_by is None else [_at_relay(relay, it) for it in holds]
    known = [it for it in arrivals if it is not None]
    if len(known) < len(arrivals) or away:
        return Outlook(held)
    arrives = datetime.fromtimestamp(max(known), UTC)
    in_time = await sending_hours.open_until(session, campaign_id, arrives)
    return Outlook(held, arrives if in_time else None)


async def _lists_by_relay(session: AsyncSession, relays: Sequence[str]) -> Mapping[str, list[int]]:
    """The ids of the lists that use each relay first."""
    found: dict[str, list[int]] = defaultdict(list)
    for list_ in await lists.everything(session):
        order = [name for name in list_.relays or relays if name in relays]
        found[order[0] if order else relays[0]].append(list_.id)
    return found


def _at_relay(relay: str, hold: Hold) -> Hold:
    return replace(hold, sentence=say(N_("{relay}: {hold}"), relay=relay, hold=hold.sentence))
