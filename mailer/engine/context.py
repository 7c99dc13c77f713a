"""What the parts of one engine share: its tools, the stop flag, and how a campaign is paused."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import lifecycle, scheduling
from mailer.engine import constants
from mailer.engine.journal import Journal
from mailer.engine.pressed_campaigns import PressedCampaigns
from mailer.engine.provider_slots import ProviderSlots
from mailer.models import Batch
from mailer.notices.sending_mail import SendingMails
from mailer.pacing.pacers import Pacers
from mailer.scope import EVERYTHING, Scope
from mailer.smtp.failover import RelayFailover
from mailer.smtp.observer import Observer
from pli.clocks import boot_time
from pli.database import Database, DatabaseAway
from pli.language import Sentence

log = logging.getLogger("pli.delivery")


@dataclass(slots=True)
class EngineContext:
    """The tools and the state that the parts of one engine share."""

    database: Database
    failover: RelayFailover
    pacers: Pacers
    slots: ProviderSlots
    pressed: PressedCampaigns
    journal: Journal
    observer: Observer
    policy_pause: float
    """A campaign pauses if this share (0 to 1) of its latest copies fails because of the sender."""
    mails: SendingMails
    """Tells who released a campaign that it has ended, or paused by itself."""
    scope: Scope = EVERYTHING
    """What this engine may send."""
    stopping: bool = False
    settled: int = 0
    waiting: set[int] = field(default_factory=set)
    """Ids of campaigns with batches due for the open slot, as the last sweep found them."""
    _full_told: float = float("-inf")

    def tell_of_full_files(self, reason: object) -> None:
        """This process, or the machine, has no file left to open: nobody's disk is full."""
        if boot_time() > self._full_told + constants.TELL_AGAIN_SECONDS:
            log.warning("engine.files_full", extra={"reason": str(reason)})
            self._full_told = boot_time()

    async def pause_of(self, batch_id: int, reason: Sentence) -> None:
        """Pause the campaign of a batch."""
        async with self.database.reading() as session:
            campaign_id = await session.scalar(
                select(Batch.campaign_id).where(Batch.id == batch_id)
            )
        if campaign_id is not None:
            await self.pause(campaign_id, reason)

    async def tell(self, session: AsyncSession, campaign_id: int) -> None:
        """Order the mail about a campaign that ended or paused in this transaction."""
        await self.mails.order(session, campaign_id=campaign_id, now=datetime.now(UTC))

    async def hold(self, campaign_id: int, reason: Sentence) -> None:
        """Keep a campaign from starting at its hour, and tell who released it, and the office."""
        now = datetime.now(UTC)
        async with self.database.begin() as session:
            await scheduling.hold(session, campaign_id=campaign_id, reason=reason)
            await self.mails.order_held(session, campaign_id=campaign_id, reason=reason, now=now)

    async def pause(self, campaign_id: int, reason: Sentence) -> None:
        """Pause a campaign; while the database is away, try again, or the campaign would go on."""
        for tried in range(constants.SETTLE_TRIES):
            if self.stopping and tried >= constants.STOPPING_TRIES:
                return
            try:
                async with self.database.begin() as session:
                    if await lifecycle.pause(session, campaign_id=campaign_id, reason=reason):
                        await self.tell(session, campaign_id)
            except DatabaseAway as error:
                log.warning("campaign.not_paused", extra={"reason": str(error)})
                await asyncio.sleep(constants.WATCH_SECONDS)
            else:
                extra = {"campaign": campaign_id, "reason": str(reason)}
                log.warning("campaign.paused", extra=extra)
                return
