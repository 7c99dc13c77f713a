"""Starts campaigns at their hour, pauses them at their end, and changes their sending hours."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, null, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import jobs, list_lock
from mailer.campaign.chore_names import END
from mailer.campaign.finding import (
    UNFINISHED,
    CampaignError,
    find_campaign,
    lists_of,
    wrong_state,
)
from mailer.campaign.lifecycle import prepare, refuse_unseen, start
from mailer.campaign.sending_hours import SendingHours, refuse_an_end_before
from mailer.campaign.trace import record
from mailer.campaign.transition import as_document, step, take_step
from mailer.models import Batch, Campaign, CampaignState
from mailer.providers import KNOWN, Providers
from mailer.scope import EVERYTHING, Scope
from pli import chore_rows
from pli.actor import NOBODY, Actor
from pli.audit import AuditAction
from pli.columns import clock
from pli.hours import zone_of
from pli.language import N_, Sentence, say


async def schedule(
    session: AsyncSession,
    *,
    campaign_id: int,
    at: datetime,
    zone: str,
    second_person: bool = False,
    by: Actor = NOBODY,
) -> None:
    """Let a draft or an approved campaign start by itself at an hour.

    `zone` is the time zone in which a person named the hour. The copies are prepared at that hour,
    for the people who are on the lists then. An hour after the campaign's end is refused.
    """
    campaign = await find_campaign(session, campaign_id)
    refuse_an_end_before(at, SendingHours.of(campaign), campaign_id=campaign_id)
    refuse_unseen(campaign, second_person)
    await step(
        session,
        campaign_id,
        (CampaignState.DRAFT, CampaignState.APPROVED, CampaignState.SCHEDULED),
        CampaignState.SCHEDULED,
        scheduled_at=at,
        scheduled_zone=zone,
        reason=null(),
    )
    record(session, AuditAction.SCHEDULED, campaign_id, by=by)


def launchable(*, scope: Scope = EVERYTHING) -> Select[int, datetime | None]:
    """Selects the ids of scheduled campaigns whose hour has come by the database's clock, and it.

    A campaign with a reason is held for a person, and not among them.
    """
    return select(Campaign.id, Campaign.scheduled_at).where(
        Campaign.state == CampaignState.SCHEDULED,
        scope.campaigns(),
        Campaign.scheduled_at <= clock(),
        Campaign.reason.is_(None),
    )


async def launch(
    session: AsyncSession,
    *,
    campaign_id: int,
    batch_size: int,
    latest: timedelta,
    second_person: bool = False,
    providers: Providers = KNOWN,
    now: datetime,
) -> bool:
    """Prepare and start a campaign whose hour has come; whether this call started it.

    False: another process has started it, or has locked it or its lists. Raises CampaignError if
    its hour passed more than `latest` ago, by the database's clock, or if the number of people
    differs by more than a fifth from that of the release: whoever calls holds it for a person.
    """
    # The lists before the campaign, as `prepare` locks them: in another order, this and a person's
    # "start" could wait for each other.
    if not await list_lock.lock_lists(
        session, await lists_of(session, campaign_id=campaign_id), waits=False
    ):
        return False
    campaign = (
        await session.execute(
            select(Campaign)
            .where(Campaign.id == campaign_id)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()
    if campaign is None or campaign.state is not CampaignState.SCHEDULED:
        return False
    hour = campaign.scheduled_at
    if hour is None or (await session.execute(select(clock()))).scalar_one() > hour + latest:
        raise CampaignError(
            N_('nothing ran at its hour to send it: "pli campaign start {id}" does so now'),
            id=campaign_id,
        )
    await prepare(
        session, campaign_id=campaign_id, batch_size=batch_size, providers=providers, now=now
    )
    await _refuse_another_number(session, campaign)
    await start(session, campaign_id=campaign_id, second_person=second_person, now=now)
    return True


async def _refuse_another_number(session: AsyncSession, campaign: Campaign) -> None:
    """Refuse to start what was released for quite another number of people."""
    if campaign.released_count is None:
        return
    waiting = await session.scalar(
        select(func.sum(Batch.pending)).where(Batch.campaign_id == campaign.id)
    )
    now, then = int(waiting or 0), campaign.released_count
    if differs(now, then):
        raise CampaignError(
            N_(
                "the number of people is quite another than when it was released: {then:n} then, "
                "{now:n} now: look at it, and release it again"
            ),
            then=then,
            now=now,
        )


def differs(now: int, then: int) -> bool:
    """Whether two numbers of people differ by more than a fifth of the former one."""
    return abs(now - then) > then * A_FIFTH


A_FIFTH = 0.2


async def hold(session: AsyncSession, *, campaign_id: int, reason: Sentence) -> None:
    """Keep a scheduled campaign from starting by itself; `reason` tells a person why."""
    await session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state == CampaignState.SCHEDULED)
        .values(reason=as_document(reason))
    )


async def let_go(session: AsyncSession, *, campaign_id: int) -> None:
    """A scheduled campaign that was held starts by itself again."""
    await session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state == CampaignState.SCHEDULED)
        .values(reason=null())
    )


def ended(*, scope: Scope = EVERYTHING) -> Select[int, datetime | None]:
    """Selects the ids of running campaigns with copies that wait after their end, and that end.

    The end has passed by the database's clock.
    """
    return select(Campaign.id, Campaign.not_after).where(
        Campaign.state == CampaignState.RUNNING, scope.campaigns(), _waits_after_its_end()
    )


async def end(session: AsyncSession, *, campaign_id: int) -> bool:
    """Pause a campaign whose end has passed while copies wait; whether this call paused it.

    The campaign's reason says what a person can do.
    """
    campaign = await find_campaign(session, campaign_id)
    if campaign.not_after is None:
        return False
    local = campaign.not_after.astimezone(zone_of(campaign.not_after_zone or "UTC"))
    done = await take_step(
        session,
        campaign_id,
        (CampaignState.RUNNING,),
        CampaignState.PAUSED,
        _waits_after_its_end(),
        reason=as_document(
            say(
                N_(
                    "its end, {hour} ({zone}), has passed: go on without it, or "
                    '"pli campaign cancel {id}" gives up what waits'
                ),
                hour=f"{local:%Y-%m-%d %H:%M}",
                zone=campaign.not_after_zone,
                id=campaign_id,
            )
        ),
    )
    if done:
        await session.run_sync(jobs.withdraw, campaign_id)
    return done


async def set_hours(
    session: AsyncSession,
    *,
    campaign_id: int,
    hours: SendingHours,
    by: Actor = NOBODY,
    why: str = "",
) -> None:
    """Change when an unfinished campaign may send; its engine notices within two seconds."""
    changed = await session.execute(
        update(Campaign)
        .where(Campaign.id == campaign_id, Campaign.state.in_(UNFINISHED))
        .values(hours.columns())
        .returning(Campaign.id)
    )
    if changed.scalar_one_or_none() is None:
        raise wrong_state(await find_campaign(session, campaign_id))
    await session.run_sync(chore_rows.begin_anew, (END,), campaign_id)
    record(session, AuditAction.HOURS_CHANGED, campaign_id, by=by, why=why)


def _waits_after_its_end() -> ColumnElement[bool]:
    waits = exists().where(Batch.campaign_id == Campaign.id, Batch.pending > 0)
    return and_(Campaign.not_after <= clock(), waits)
