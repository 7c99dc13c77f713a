"""Quiet hours: the part of the day, by the clocks of one zone, in which nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from pli.errors import PliError
from pli.hours import plain
from pli.language import N_

_SPAN = re.compile(r"\s*(\d{1,2}:\d{2})\s*[-–]\s*(\d{1,2}:\d{2})\s*")
_DASH = re.compile(r"[-–]")
_LONGEST = 100
_DAYS = (-1, 0, 1, 2)


class QuietError(PliError):
    """A text does not name two different hours of a day."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `begins` until before `ends`; across midnight if `ends` is earlier in the day."""

    begins: time
    ends: time

    @classmethod
    def parse(cls, text: str) -> Quiet:
        """Read a text such as 21:00-07:00 or 21h-7h; raises QuietError."""
        found = _SPAN.fullmatch("-".join(plain(it) for it in _DASH.split(text[:_LONGEST])))
        try:
            begins, ends = (time.fromisoformat(it.zfill(5)) for it in found.groups())  # type: ignore[union-attr]
        except (AttributeError, ValueError):
            raise QuietError(N_("is no span of hours such as 21:00-07:00")) from None
        if begins == ends:
            raise QuietError(N_("ends when it begins: it would be always, or never"))
        return cls(begins, ends)

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"

    def holds(self, local: time) -> bool:
        """Whether quiet hours hold when a clock shows `local`."""
        if self.begins < self.ends:
            return self.begins <= local < self.ends
        return local >= self.begins or local < self.ends


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether sending is open, and until when that holds; None: for good."""

    open: bool
    until: datetime | None


def opening(now: datetime, quiet: Quiet, zone: tzinfo) -> Opening:
    """Whether clocks in `zone` show no quiet hour at `now`, and when that changes (UTC).

    What a clock on the wall shows decides: an hour that comes twice is quiet twice, and an hour
    that the clocks leave out never comes.
    """
    held = quiet.holds(_shown(now, zone))
    today = now.astimezone(zone).date()
    moments = sorted(
        moment
        for days in _DAYS
        for hour in (quiet.begins, quiet.ends)
        for moment in _moments(today + timedelta(days=days), hour, zone)
    )
    until = next(it for it in moments if it > now and quiet.holds(_shown(it, zone)) is not held)
    return Opening(not held, until)


def _moments(day: date, hour: time, zone: tzinfo) -> Iterator[datetime]:
    """When clocks show this hour, or would; and when they change, if they change over it."""
    local = datetime.combine(day, hour, zone)
    early, late = sorted(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    yield early
    if early != late:
        yield late
        yield _change(early, late, zone)


def _change(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    """The first second after `low` at which clocks have the offset that they have at `high`."""
    offset = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high


def _shown(moment: datetime, zone: tzinfo) -> time:
    return moment.astimezone(zone).time()
