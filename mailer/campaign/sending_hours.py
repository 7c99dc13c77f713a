"""When a campaign may send: not in its quiet hours, and not after its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign.finding import CampaignError
from mailer.campaign.holds import Hold
from mailer.models import Campaign, CampaignState
from pli.columns import clock
from pli.hours import Hour, zone_of
from pli.language import N_, say
from pli.quiet import Opening, Quiet, opening

COLUMNS = (
    Campaign.quiet_hours,
    Campaign.quiet_zone,
    Campaign.not_after,
    Campaign.not_after_zone,
)


@dataclass(frozen=True, slots=True)
class SendingHours:
    """A campaign's quiet hours, their time zone, and the end after which no copy is claimed."""

    quiet: Quiet | None = None
    zone: str = "UTC"
    end: Hour | None = None

    @classmethod
    def of(cls, row: Row[*tuple[Any, ...]] | Campaign) -> SendingHours:
        """The sending hours of a campaign, or of a row of COLUMNS."""
        return cls(
            Quiet.parse(row.quiet_hours) if row.quiet_hours else None,
            row.quiet_zone or "UTC",
            Hour(row.not_after, row.not_after_zone or "UTC") if row.not_after else None,
        )

    def columns(self) -> dict[str, Any]:
        """The values of a campaign's columns."""
        return {
            "quiet_hours": str(self.quiet) if self.quiet else None,
            "quiet_zone": self.zone if self.quiet else None,
            "not_after": self.end.moment if self.end else None,
            "not_after_zone": self.end.zone if self.end else None,
        }

    def over(self, now: datetime) -> bool:
        """Whether the end has passed at `now`; False if there is none."""
        return self.end is not None and now >= self.end.moment

    def opening(self, now: datetime) -> Opening:
        """Whether the campaign may send at `now`, and until when that holds.

        `until` is None if that holds for good.
        """
        if self.over(now):
            return Opening(False, None)
        found = opening(now, self.quiet, zone_of(self.zone)) if self.quiet else Opening(True, None)
        if found.open and self.end is not None:
            return Opening(True, min(found.until or self.end.moment, self.end.moment))
        return found

    def seconds_open(self, now: datetime) -> float:
        """How many seconds the campaign may send from `now`; 0 if it may not, inf without limit."""
        found = self.opening(now)
        if not found.open:
            return 0.0
        return (found.until - now).total_seconds() if found.until else float("inf")


ALWAYS = SendingHours()


def refuse_an_end_before(begins: datetime, hours: SendingHours, *, campaign_id: int) -> None:
    """Refuse a campaign that would begin after its end: a person has made a mistake."""
    if hours.over(begins):
        raise CampaignError(
            N_(
                "campaign {id} would begin after its end ({end}): "
                '"pli campaign hours {id} --not-after none", or a later one'
            ),
            id=campaign_id,
            end=hours.end,
        )


async def closed(session: AsyncSession) -> list[int]:
    """The ids of running campaigns that may not send now, by the database's clock."""
    rows = await session.execute(
        select(Campaign.id, *COLUMNS, clock().label("now")).where(
            Campaign.state == CampaignState.RUNNING,
            Campaign.quiet_hours.is_not(None) | Campaign.not_after.is_not(None),
        )
    )
    return [row.id for row in rows if not SendingHours.of(row).opening(row.now).open]


async def open_until(session: AsyncSession, campaign_id: int, moment: datetime) -> bool:
    """Whether a campaign may send all the time from now to `moment`, by the database's clock."""
    row = (
        await session.execute(
            select(*COLUMNS, clock().label("now")).where(Campaign.id == campaign_id)
        )
    ).one()
    left: float = (moment - row.now).total_seconds()
    return left <= SendingHours.of(row).seconds_open(row.now)


async def held(session: AsyncSession, campaign_id: int, zone: tzinfo | None = None) -> list[Hold]:
    """The quiet hours that hold a running campaign back now, by the database's clock.

    The sentence names the hour in `zone`; None: in the zone of the quiet hours.
    """
    row = (
        await session.execute(
            select(Campaign.state, *COLUMNS, clock().label("now")).where(Campaign.id == campaign_id)
        )
    ).one()
    hours = SendingHours.of(row)
    found = hours.opening(row.now)
    if row.state is not CampaignState.RUNNING or found.open or found.until is None:
        return []
    at = f"{found.until.astimezone(zone or zone_of(hours.zone)):%H:%M}"
    return [Hold("quiet_hours", say(N_("quiet hours: goes on at {time}"), time=at), found.until)]
