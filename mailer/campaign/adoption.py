"""Campaigns of a database that wakes up in the past, or elsewhere, wait until a person adopts it.

They may have gone on without this database: whatever it believes to wait may have been sent since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import lifecycle, scheduling, unfinished
from mailer.campaign.finding import CampaignError, find_campaign
from mailer.models import Batch, Campaign, CampaignState
from mailer.providers import KNOWN, Providers
from pli import home
from pli.hours import Hour
from pli.language import N_, Sentence, say, say_n

BEGUN = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.SCHEDULED)
_FROM_A_BACKUP = N_('from a backup of {time}: "pli db adopt" says what may be sent twice')
_HELD = N_('{why}: "pli db adopt" says what may be sent twice')
_REASONS = (_FROM_A_BACKUP, _HELD)


@dataclass(frozen=True, slots=True)
class AtStake:
    """A campaign of which people may get a second copy: `doubled` at most.

    `held`: it waits for the adoption alone, and goes on with it. `starts`: of a scheduled one.
    """

    campaign: int
    letter: int
    state: CampaignState
    held: bool
    prepared: int
    sent: int
    doubled: int
    starts: Hour | None = None

    def tell(self) -> Sentence:
        """What may be sent twice, in words."""
        told = {"id": self.campaign, "letter": self.letter}
        if self.state is CampaignState.SCHEDULED:
            return say_n(
                "campaign {id} (letter {letter}) starts {hour}: if it has been sent since, "
                "{n} person gets it twice",
                "campaign {id} (letter {letter}) starts {hour}: if it has been sent since, "
                "up to {n} people get it twice",
                self.doubled,
                hour=self.starts,
                **told,
            )
        return say_n(
            "campaign {id} (letter {letter}): {have_it} as this database knows; if it has gone "
            "on since, {n} person gets it twice",
            "campaign {id} (letter {letter}): {have_it} as this database knows; if it has gone "
            "on since, up to {n} people get it twice",
            self.doubled,
            have_it=unfinished.have_it(self.sent, self.prepared),
            **told,
        )


async def anything_at_stake(session: AsyncSession) -> bool:
    """Whether a campaign was begun that may have gone on elsewhere."""
    return bool(await session.scalar(select(Campaign.id).where(Campaign.state.in_(BEGUN)).limit(1)))


async def at_stake(
    session: AsyncSession,
    *,
    batch_size: int = 1_000,
    providers: Providers = KNOWN,
    now: datetime,
) -> Sequence[AtStake]:
    """Each campaign that was begun.

    The session must write: what is scheduled is prepared, to count its people, and undone.
    """
    found = []
    for campaign_id in [it.id for it in await _begun(session)]:
        # What is prepared and undone expires all that the session has read.
        it = await find_campaign(session, campaign_id)
        await session.refresh(it)
        waits_at = it.scheduled_at if it.state is CampaignState.SCHEDULED else None
        reached = await unfinished.reached(session, it.id)
        stake = AtStake(
            it.id,
            it.number,
            it.state,
            _is_held(it) or (it.state is not CampaignState.PAUSED and it.reason is None),
            reached.prepared,
            reached.sent,
            await _waits(session, it.id),
            Hour(waits_at, it.scheduled_zone or "UTC") if waits_at else None,
        )
        if it.state is CampaignState.SCHEDULED:
            people = await _would_be_sent(session, campaign_id, batch_size, providers, now)
            stake = replace(stake, doubled=people)
        found.append(stake)
    return found


async def hold(session: AsyncSession, *, why: Sentence) -> None:
    """Pause what runs, and let nothing scheduled start, until the database is adopted."""
    await _hold(session, say(_HELD, why=why))


async def mark_backup(session: AsyncSession, *, time: str) -> None:
    """Make this database a backup: nothing in it goes on by itself, wherever it is brought back."""
    await _hold(session, say(_FROM_A_BACKUP, time=time))
    await home.mark_backup(session, time=time)


async def held(session: AsyncSession) -> Sequence[int]:
    """The campaigns that are held for the database's sake."""
    return [it.id for it in await _begun(session) if _is_held(it)]


async def let_go(session: AsyncSession) -> Sequence[int]:
    """What was held for the database's sake alone goes on, or starts at its hour; the campaigns."""
    campaigns = [it for it in await _begun(session) if _is_held(it)]
    for it in campaigns:
        if it.state is CampaignState.PAUSED:
            await lifecycle.go_on(session, campaign_id=it.id)
        else:
            await scheduling.let_go(session, campaign_id=it.id)
    return [it.id for it in campaigns]


async def _begun(session: AsyncSession) -> Sequence[Campaign]:
    rows = await session.scalars(
        select(Campaign).where(Campaign.state.in_(BEGUN)).order_by(Campaign.id)
    )
    return rows.all()


async def _hold(session: AsyncSession, reason: Sentence) -> None:
    for it in await _begun(session):
        if it.state is CampaignState.RUNNING:
            await lifecycle.pause(session, campaign_id=it.id, reason=reason)
        elif it.state is CampaignState.SCHEDULED and it.reason is None:
            await scheduling.hold(session, campaign_id=it.id, reason=reason)


def _is_held(campaign: Campaign) -> bool:
    return campaign.reason is not None and campaign.reason["text"] in _REASONS


async def _waits(session: AsyncSession, campaign_id: int) -> int:
    waits = func.coalesce(func.sum(Batch.pending + Batch.sending), 0)
    return int(await session.scalar(select(waits).where(Batch.campaign_id == campaign_id)) or 0)


async def _would_be_sent(
    session: AsyncSession, campaign_id: int, batch_size: int, providers: Providers, now: datetime
) -> int:
    try:
        async with session.begin_nested() as tried:
            await lifecycle.prepare(
                session,
                campaign_id=campaign_id,
                batch_size=batch_size,
                providers=providers,
                now=now,
            )
            waits = await _waits(session, campaign_id)
            await tried.rollback()
    except CampaignError:
        return 0  # nobody may receive it as things stand
    return waits
