"""Writes what a calendar must know of a time zone: VTIMEZONE (RFC 5545, 3.6.5).

By hand, for icalendar 7.3.2 lets summer time begin an hour late.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from pli.hours import zone_of

if TYPE_CHECKING:
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def written(name: str, first: int, last: int) -> Timezone:
    """The clocks of a time zone from the year `first` to the year `last`."""
    from icalendar import Timezone

    zone = zone_of(name)
    # A day earlier, so that it holds for the whole first of January everywhere.
    begins = datetime(first, 1, 1, tzinfo=UTC) - _DAY
    component = Timezone()
    component.add("tzid", name)
    component.add_component(_observance(zone, begins, begins))
    for moment in _changes(zone, begins, datetime(last + 1, 1, 1, tzinfo=UTC)):
        component.add_component(_observance(zone, moment - _SECOND, moment))
    return component


def _changes(zone: tzinfo, begins: datetime, ends: datetime) -> Iterator[datetime]:
    """The moments at which the clocks of a zone change, to the second."""
    moment = begins
    while moment < ends:
        following = moment + _DAY
        if _offset(zone, following) != _offset(zone, moment):
            yield _change(zone, moment, following)
        moment = following


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    old = _offset(zone, before)
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _observance(
    zone: tzinfo, before: datetime, moment: datetime
) -> TimezoneStandard | TimezoneDaylight:
    """What holds from a moment on, by the clocks as they were before it."""
    from icalendar import TimezoneDaylight, TimezoneStandard

    local = moment.astimezone(zone)
    observance = TimezoneDaylight() if local.dst() else TimezoneStandard()
    observance.add("dtstart", (moment + _offset(zone, before)).replace(tzinfo=None))
    observance.add("tzoffsetfrom", _offset(zone, before))
    observance.add("tzoffsetto", _offset(zone, moment))
    observance.add("tzname", local.tzname() or "")
    return observance


def _offset(zone: tzinfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
