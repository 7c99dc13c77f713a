"""What the parts of one engine share: its tools, whether it stops, and how a campaign is paused."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mailer import campaigns
from mailer.delivery import numbers
from mailer.delivery.fleet import Fleet
from mailer.delivery.journal import Journal
from mailer.delivery.observing import Observer
from mailer.delivery.pacing.pacers import Pacers
from mailer.delivery.rooms import Rooms
from mailer.delivery.rounds import Rounds
from mailer.models import Batch
from pli.database import Database
from pli.language import Sentence

if TYPE_CHECKING:
    from mailer.delivery.shifts import Shift

log = logging.getLogger("pli.delivery")

AWAY = (DBAPIError, OSError, PoolTimeout)
"""What a database that is away raises: refused connections come from below the driver, and a
connection that another transaction holds for too long from above it."""


@dataclass(slots=True)
class Workshop:
    """One engine's."""

    database: Database
    fleet: Fleet
    pacers: Pacers
    rooms: Rooms
    rounds: Rounds
    journal: Journal
    observer: Observer
    policy_pause: float
    """The share of copies refused for what we are at which a campaign pauses."""
    stopping: bool = False
    settled: int = 0
    live: dict[int, Shift] = field(default_factory=dict)
    """What is in work, by batch."""
    waiting: set[int] = field(default_factory=set)
    """Campaigns that wait for a turn in the open room, as the last sweep saw them."""

    def campaigns(self) -> set[int]:
        """Those that are worked on."""
        return {shift.taken.campaign_id for shift in self.live.values()}

    async def pause_of(self, batch_id: int, reason: Sentence) -> None:
        """Pause the campaign of a batch."""
        async with self.database.reading() as session:
            campaign_id = await session.scalar(
                select(Batch.campaign_id).where(Batch.id == batch_id)
            )
        if campaign_id is not None:
            await self.pause(campaign_id, reason)

    async def pause(self, campaign_id: int, reason: Sentence) -> None:
        """Pause it, also when the database is away just then: else it would go on as before."""
        for tried in range(numbers.SETTLE_TRIES):
            if self.stopping and tried >= numbers.STOPPING_TRIES:
                return
            try:
                async with self.database.begin() as session:
                    await campaigns.pause(session, campaign_id=campaign_id, reason=reason)
            except AWAY as error:
                log.warning("campaign.not_paused", extra={"reason": str(error)})
                await asyncio.sleep(numbers.WATCH_SECONDS)
            else:
                extra = {"campaign": campaign_id, "reason": str(reason)}
                log.warning("campaign.paused", extra=extra)
                return
