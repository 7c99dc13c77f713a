"""When a kind of chore is due by itself: every so many seconds, or at an hour of each day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from pli.hours import zone_of

_A_DAY = timedelta(days=1)


class Schedule(Protocol):
    """Says when a chore is due next; all hours are the database's."""

    def first(self, now: datetime) -> datetime:
        """The first time of all."""

    def after(self, now: datetime) -> datetime:
        """The next time after the chore has run."""


@dataclass(frozen=True, slots=True)
class Every:
    """Every so many seconds, from now on."""

    seconds: float

    def first(self, now: datetime) -> datetime:
        """At once."""
        return now

    def after(self, now: datetime) -> datetime:
        """So many seconds later: what was missed while nothing ran is not made up for."""
        return now + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Daily:
    """Each day at an hour of a time zone.

    Where the clocks skip that hour, it is due as much later; where they show it twice, it is due
    the first time.
    """

    at: time
    zone: str

    def first(self, now: datetime) -> datetime:
        """The next time that clocks there show the hour."""
        return self.after(now)

    def after(self, now: datetime) -> datetime:
        """The next time that clocks there show the hour, strictly later than `now`."""
        zone = zone_of(self.zone)
        day = now.astimezone(zone).date()
        while True:
            # fold=0 is the earlier of two, and for an hour that is skipped, the offset before it:
            # the same moment that clocks show as an hour later.
            moment = datetime.combine(day, self.at, zone).astimezone(UTC)
            if moment > now:
                return moment
            day += _A_DAY
