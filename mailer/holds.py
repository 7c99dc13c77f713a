"""What holds a campaign back, in words, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Campaign, CampaignState
from mailer.sending_hours import COLUMNS, SendingHours
from pli.database import clock
from pli.hours import zone_of
from pli.language import N_, Sentence, say


@dataclass(frozen=True, slots=True)
class Hold:
    """One thing that holds a campaign back; `kind` is what scripts know it by."""

    kind: str
    sentence: Sentence
    until: datetime | None = None


async def of(session: AsyncSession, campaign_id: int) -> list[Hold]:
    """What holds a campaign back now, by the database's clock."""
    row = (
        await session.execute(
            select(Campaign.state, *COLUMNS, clock().label("now")).where(Campaign.id == campaign_id)
        )
    ).one()
    if row.state is not CampaignState.RUNNING:
        return []
    return quiet_hours(SendingHours.of(row), row.now)


def quiet_hours(hours: SendingHours, now: datetime) -> list[Hold]:
    """The quiet hours that `now` lies in, if it does."""
    found = hours.opening(now)
    if found.open or found.until is None:
        return []
    return [Hold("quiet_hours", _goes_on(hours, found.until), found.until)]


def as_json(holds: list[Hold], language: str) -> list[dict[str, Any]]:
    """As scripts read them; `until` is a moment, or null."""
    return [
        {"kind": it.kind, "sentence": it.sentence.tell(language), "until": it.until} for it in holds
    ]


def _goes_on(hours: SendingHours, until: datetime) -> Sentence:
    local = until.astimezone(zone_of(hours.zone))
    return say(N_("quiet hours: goes on at {time}"), time=f"{local:%H:%M}")
