"""Reads hours as people write them, in a time zone, and writes hours in words."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pli.errors import PliError
from pli.language import N_, Sentence, say

_NAMED = re.compile(
    r"(?P<hour>\S++(?:\s++\S++)*?)\s++(?P<zone>[A-Za-z][\w+-]*+(?:/[\w+-]++)*+)", re.DOTALL
)
_TIME_ALONE = re.compile(r"\d{1,2}:\d{2}")
_LONGEST = 100
_WITH_H = re.compile(r"(?<!\d)(\d{1,2}) ?[hH](?: ?(\d{2}))?(?!\w)")
"""8h, 8 h, 08h00, 8 h 30, as one writes in French."""
_DAY_FIRST = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?!\d)")
_YEAR_FIRST = re.compile(r"(\d{4})([/.-])(\d{1,2})\2(\d{1,2})(?!\d)")
_BETWEEN = re.compile(r"(?<=\d)(?:, ?| )(?:à |a |at )?(?=\d)")
"""Between the date and the time: "30/11/2026 à 8h", "2026-11-30, 8:00"."""
_VOWEL = re.compile("[AEIOUYÀÂÉÈÊËÎÏÔÙÛÜaeiouy]")
_ONE_DIGIT = re.compile(r"(?<=[ T])(\d)(?=:\d{2})")


class HourError(PliError):
    """A text names no hour, an hour that is over, or one that its zone has twice or never."""


@dataclass(frozen=True, slots=True)
class Hour:
    """A moment, and the time zone in which people speak of it."""

    moment: datetime
    zone: str

    def tell(self, language: str) -> str:
        """The hour in words, with its zone: jeudi 26 novembre 2026 à 8 h (heure de Paris)."""
        # Imported here: every command reads the settings, which import this module for its zones.
        from babel.dates import format_date

        local = self.moment.astimezone(zone_of(self.zone))
        return say(
            N_("{date} at {time} ({zone})"),
            date=format_date(local, "full", locale=language),
            time=_time(local),
            zone=zone_in_words(self.zone, language),
        ).tell(language)


def _time(local: datetime) -> Sentence:
    if local.minute:
        return say(N_("{hour:02}:{minute:02}"), hour=local.hour, minute=local.minute)
    return say(N_("{hour:02}:00"), hour=local.hour)


def zone_in_words(name: str, language: str) -> str:
    """A zone of a region by its city; UTC and distances to it as they are."""
    region, _, city = name.partition("/")
    if not city or region == "Etc":
        return name
    from babel.dates import get_timezone_location

    city = get_timezone_location(name, locale=language, return_city=True)
    # French writes "d’Athènes".
    text = N_("time of {city}") if _VOWEL.match(city) else N_("{city} time")
    return say(text, city=city).tell(language)


def zone_of(name: str) -> tzinfo:
    """A time zone by its name, such as Europe/Paris, or by its offset, such as +01:00.

    Raises HourError for an unknown name.
    """
    if name.startswith(("+", "-")):
        with suppress(ValueError):
            if (zone := datetime.strptime(name, "%z").tzinfo) is not None:
                return zone
        raise _no_zone(name)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _no_zone(name) from None


def _no_zone(name: str) -> HourError:
    zone = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
    return HourError(N_("{zone}: no such time zone: write one such as Europe/Paris"), zone=zone)


def plain(text: str) -> str:
    """An hour as ISO 8601 has it, of what people write: 8h, 08h00, 30/11/2026 8:00 (day first)."""
    found = _WITH_H.sub(lambda it: f"{it[1]}:{it[2] or '00'}", " ".join(text.split()))
    found = _DAY_FIRST.sub(lambda it: f"{it[4]}-{it[3]:0>2}-{it[1]:0>2}", found, count=1)
    found = _YEAR_FIRST.sub(lambda it: f"{it[1]}-{it[3]:0>2}-{it[4]:0>2}", found, count=1)
    found = _BETWEEN.sub(" ", found, count=1)
    return _ONE_DIGIT.sub(r"0\1", found, count=1)


def span(seconds: float) -> str:
    """How long something took, as on a stopwatch: 1:02:03, or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def clock_time(moment: datetime, zone: str) -> str:
    """Date and time to the second, with the zone."""
    return f"{moment.astimezone(zone_of(zone)):%Y-%m-%d %H:%M:%S} ({zone})"


def parse(text: str, *, zone: str, now: datetime) -> Hour:
    """Read an hour to come: 2026-11-25 08:00, or 8h for the next. Without a zone, `zone` holds.

    Raises HourError.
    """
    if len(text) > _LONGEST:
        raise _unreadable(f"{text[:_LONGEST]}…")
    try:
        hour = _read(text, zone, now)
    except OverflowError:  # the last day of the year 9999, in another zone
        raise _unreadable(text) from None
    if hour.moment <= now:
        raise HourError(N_("that hour is over: name a later one"))
    return hour


def _read(text: str, zone: str, now: datetime) -> Hour:
    written = plain(text)
    named = _NAMED.fullmatch(written)
    hour, zone = (named["hour"], named["zone"]) if named else (written, zone)
    where = zone_of(zone)
    if _TIME_ALONE.fullmatch(hour):
        return _next(hour, where, zone, now)
    try:
        read = datetime.fromisoformat(hour)
    except ValueError:
        raise _unreadable(text) from None
    if len(hour) <= len("2026-11-25"):
        raise _unreadable(text)
    if read.tzinfo is None:
        return Hour(_in_zone(read, where), zone)
    if named:
        raise _unreadable(text)
    return Hour(read.astimezone(UTC), read.strftime("%z"))


def _next(hour: str, where: tzinfo, zone: str, now: datetime) -> Hour:
    try:
        at = time.fromisoformat(hour.zfill(5))
    except ValueError:
        raise _unreadable(hour) from None
    today = datetime.combine(now.astimezone(where).date(), at)
    moment = _in_zone(today, where)
    return Hour(moment if moment > now else _in_zone(today + timedelta(days=1), where), zone)


def _in_zone(local: datetime, where: tzinfo) -> datetime:
    """The one moment at which clocks in a zone show `local`; HourError if there is none, or two."""
    moments = {local.replace(tzinfo=where, fold=fold).astimezone(UTC) for fold in (0, 1)}
    shown = {it for it in moments if it.astimezone(where).replace(tzinfo=None) == local}
    if len(shown) == 1:
        return shown.pop()
    text = f"{local:%Y-%m-%d %H:%M}"
    if not shown:
        raise HourError(N_("{hour} does not exist there: the clocks go forward"), hour=text)
    raise HourError(
        N_("{hour} comes twice there: write it with its distance to UTC, such as +01:00"),
        hour=text,
    )


def _unreadable(text: str) -> HourError:
    return HourError(
        N_(
            "“{text}” is no hour: write 2026-11-25 08:00 or 25/11/2026 8h, or 8h for the next, "
            "with a zone behind it where it is not yours"
        ),
        text=text,
    )
