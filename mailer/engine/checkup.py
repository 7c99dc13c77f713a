"""The check-up of the sending: who works, and what waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.finding import reason_of
from mailer.engine import workers
from mailer.models import Batch, Campaign, CampaignState, Worker
from pli.checks import Check, fine, warn, wrong
from pli.language import N_, say, say_n


async def check(session: AsyncSession) -> list[Check]:
    """Check who sends, which workers are gone, and which campaigns do not go on."""
    known = await workers.known(session)
    living = [worker for worker, alive in known if alive]
    found = [_living(living)]
    found += [
        _gone(worker) for worker, alive in known if not alive and not _followed(worker, living)
    ]
    rows = await session.scalars(
        select(Campaign)
        .where(Campaign.state.in_((CampaignState.RUNNING, CampaignState.PAUSED)))
        .order_by(Campaign.id)
    )
    for campaign in rows.all():
        if campaign.state is CampaignState.PAUSED:
            found.append(_paused(campaign))
        elif not living:
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


def _gone(worker: Worker) -> Check:
    return warn(
        "workers",
        say(
            N_("{command} ({host}, {pid}) was last heard of at {time}"),
            command=worker.command,
            host=worker.host,
            pid=worker.pid,
            time=worker.seen_at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        ),
        say(N_("start it again on that machine: its journal tells what it had in hand")),
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
