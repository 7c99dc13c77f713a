"""A relay's rest after it said that a limit of its own is reached, of an hour or of a day.

Nobody but the relay knows by which clock it counts. So the rest ends a minute after the next full
hour, or after midnight, by the database's clock in the zone of whoever sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from mailer.answer_words import Period

HOUR = timedelta(hours=1)
MARGIN = timedelta(minutes=1)
"""The relay's clock may be a little behind."""
LONGEST = timedelta(hours=26)
"""A rest that ends further ahead was written before the clock was set back."""
ONE_LIMIT = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class RelayRest:
    """Nothing goes over the relay before `until` (database's clock); `said`: the relay's words."""

    until: float = 0.0
    said: str = ""

    def lasts(self, now: float) -> bool:
        """Whether nothing is to be sent now."""
        return now < self.until <= now + LONGEST.total_seconds()

    def again(self, period: Period, said: str, now: float, zone: tzinfo) -> RelayRest:
        """The rest after the relay has named its limit at `now`; one that lasts stays.

        A limit of a day that still holds after its midnight counts the last 24 hours, or by other
        clocks. Then the relay is tried again every hour.
        """
        if self.lasts(now):
            return self
        soon = period is Period.DAY and now - self.until < ONE_LIMIT.total_seconds()
        return RelayRest(_end_of(Period.HOUR if soon else period, now, zone), said)


NO_REST = RelayRest()


def _end_of(period: Period, now: float, zone: tzinfo) -> float:
    there = datetime.fromtimestamp(now, zone)
    if period is Period.DAY:
        end = datetime(there.year, there.month, there.day, tzinfo=zone) + timedelta(days=1)
    else:
        # Reckoned in UTC: an hour of local time may be missing, or come twice.
        end = there.replace(minute=0, second=0, microsecond=0).astimezone(UTC) + HOUR
    return (end + MARGIN).timestamp()
