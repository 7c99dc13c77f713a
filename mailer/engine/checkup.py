"""The check-up of the sending: who works, and what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import adoption
from mailer.campaign.finding import reason_of
from mailer.engine import workers
from mailer.models import Batch, Campaign, CampaignState, Worker
from mailer.smtp import troubles
from mailer.smtp.troubles import Trouble
from pli import home
from pli.checks import Check, fine, warn, wrong
from pli.columns import clock
from pli.home import Here
from pli.hours import Hour, clock_time, zone_of
from pli.language import N_, say, say_n

A_MOMENT = timedelta(minutes=1)
"""How long after its hour a campaign may still be about to start."""


async def at_home(session: AsyncSession, here: Here) -> list[Check]:
    """Check whether the database is at home here; one in which nothing was begun is anywhere."""
    why = await home.stranger(session, here)
    if why is None or not await adoption.anything_at_stake(session):
        return []
    remedy = say(N_('"pli db adopt" says what may be sent twice, and lets it send from here'))
    return [wrong("database.home", why, remedy)]


async def check(
    session: AsyncSession, *, host: str = "", settings_hash: str = "", zone: str | None = None
) -> list[Check]:
    """Check who sends, which workers are gone, and which campaigns do not go on.

    `settings_hash` is the hash of the settings now; processes of this `host` should have the same.
    `zone`: by whose clocks hours are told; None: this machine's, or those by which they were named.
    """
    known = await workers.known(session)
    living = [worker for worker, alive in known if alive]
    found = [_living(living)]
    found += [
        _gone(worker, zone)
        for worker, alive in known
        if not alive and not _followed(worker, living)
    ]
    found += [
        warn("workers", workers.restart(it))
        for it in await workers.outdated(session, host=host, settings_hash=settings_hash)
        if settings_hash
    ]
    hours = zone_of(zone) if zone else None
    found += [_away(it, hours) for it in (await troubles.away(session)).values()]
    rows = await session.scalars(
        select(Campaign)
        .where(
            Campaign.state.in_(
                (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.SCHEDULED)
            )
        )
        .order_by(Campaign.id)
    )
    launches = await workers.sends(session)
    for campaign in rows.all():
        if campaign.state is CampaignState.PAUSED:
            found.append(_paused(campaign))
        elif campaign.state is CampaignState.SCHEDULED:
            found += await _scheduled(session, campaign, launches=launches, zone=zone)
        elif not await workers.sends(session, campaign.id):
            found.append(await _nobodys(session, campaign))
    return found


async def latest(session: AsyncSession) -> datetime | None:
    """When the newest campaign was made; if the clock is right, that lies in the past."""
    return await session.scalar(select(func.max(Campaign.created_at)))


def _living(living: Sequence[Worker]) -> Check:
    if not living:
        return fine("workers", say(N_("nobody sends now")))
    named = ", ".join(f"{it.command} ({it.host}, {it.pid})" for it in living)
    return fine(
        "workers",
        say_n(
            "{n} process sends: {named}", "{n} processes send: {named}", len(living), named=named
        ),
    )


def _followed(gone: Worker, living: Sequence[Worker]) -> bool:
    """Whether the same command has been started again on that host."""
    return any(
        it.host == gone.host and it.command == gone.command and it.started_at >= gone.seen_at
        for it in living
    )


def _gone(worker: Worker, zone: str | None) -> Check:
    return warn(
        "workers",
        say(
            N_("{command} ({host}, {pid}) was last heard of at {time}"),
            command=worker.command,
            host=worker.host,
            pid=worker.pid,
            time=clock_time(worker.seen_at, zone)
            if zone
            else worker.seen_at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        ),
        say(N_("start it again on that machine: its journal tells what it had in hand")),
    )


def _away(trouble: Trouble, zone: tzinfo | None) -> Check:
    return warn(
        "campaigns",
        trouble.told(named=True, zone=zone),
        say(N_("nothing is lost, and Pli goes on by itself: ask the relay's operator")),
    )


def _paused(campaign: Campaign) -> Check:
    reason = reason_of(campaign)
    told = {"id": campaign.id, "number": campaign.number}
    return warn(
        "campaigns",
        say(N_("campaign {id} (letter {number}) is paused: {reason}"), reason=reason, **told)
        if reason
        else say(N_("campaign {id} (letter {number}) is paused by a person"), **told),
        say(N_('"pli campaign resume {id}" goes on'), id=campaign.id),
    )


async def _scheduled(
    session: AsyncSession, campaign: Campaign, *, launches: bool, zone: str | None
) -> list[Check]:
    """A check if a scheduled campaign is held, has missed its hour, or no process will start it."""
    told = {"id": campaign.id, "number": campaign.number}
    start = say(
        N_('"pli campaign start {id}" sends it now, "pli campaign cancel {id}" gives it up'),
        id=campaign.id,
    )
    if reason := reason_of(campaign):
        held = say(
            N_("campaign {id} (letter {number}) does not start by itself: {reason}"),
            reason=reason,
            **told,
        )
        return [wrong("campaigns", held, start)]
    at = campaign.scheduled_at
    hour = Hour(at, zone or campaign.scheduled_zone or "UTC") if at else None
    now = (await session.execute(select(clock()))).scalar_one()
    if at and at + A_MOMENT < now:
        missed = say(
            N_("campaign {id} (letter {number}) was to start {hour}, and has not"),
            hour=hour,
            **told,
        )
        return [wrong("campaigns", missed, start)]
    if launches:
        return []
    unserved = say(
        N_("campaign {id} (letter {number}) starts {hour}, and no process runs to start it"),
        hour=hour,
        **told,
    )
    return [warn("campaigns", unserved, say(N_('start "pli serve", or "pli worker"')))]


async def _nobodys(session: AsyncSession, campaign: Campaign) -> Check:
    waiting = await session.scalar(
        select(func.coalesce(func.sum(Batch.pending + Batch.sending), 0)).where(
            Batch.campaign_id == campaign.id
        )
    )
    return wrong(
        "campaigns",
        say_n(
            "campaign {id} runs, {n} copy waits, and nobody sends",
            "campaign {id} runs, {n} copies wait, and nobody sends",
            int(waiting or 0),
            id=campaign.id,
        ),
        say(N_('start "pli serve", or "pli worker"')),
    )
