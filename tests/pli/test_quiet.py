"""Quiet hours by the clock on the wall, also in nights in which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pli.quiet import Quiet, QuietError, opening

ZONES = (
    "Europe/Paris",
    "America/Guadeloupe",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "UTC",
)
PARIS = ZoneInfo("Europe/Paris")

hours = some.builds(time, some.integers(0, 23), some.integers(0, 59))
quiets = some.builds(Quiet, hours, hours).filter(lambda it: it.begins != it.ends)
zones = some.sampled_from(ZONES).map(ZoneInfo)
moments = some.integers(0, 30 * 365 * 86_400).map(
    lambda seconds: datetime(2005, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
changes = some.sampled_from(
    [
        datetime(2026, 3, 29, 1, tzinfo=UTC),  # Paris on
        datetime(2026, 10, 25, 1, tzinfo=UTC),  # Paris back
        datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe, by half an hour
        datetime(2011, 12, 30, 10, tzinfo=UTC),  # Apia leaves a whole day out
    ]
)
near_a_change = some.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    changes,
    some.integers(-2_000, 2_000),
)


@given(moments | near_a_change, quiets, zones)
def test_what_the_clock_on_the_wall_shows_decides(
    now: datetime, quiet: Quiet, zone: ZoneInfo
) -> None:
    shown = now.astimezone(zone).time()
    within = (
        quiet.begins <= shown < quiet.ends
        if quiet.begins < quiet.ends
        else shown >= quiet.begins or shown < quiet.ends
    )
    assert opening(now, quiet, zone).open is not within


@given(moments | near_a_change, quiets, zones)
def test_an_opening_holds_until_the_time_it_names_and_changes_then(
    now: datetime, quiet: Quiet, zone: ZoneInfo
) -> None:
    found = opening(now, quiet, zone)
    assert found.until is not None
    assert now < found.until <= now + timedelta(days=2)
    assert opening(found.until, quiet, zone).open is not found.open
    steps = 97
    for step in range(steps):
        between = now + (found.until - now) * step / steps
        assert opening(between, quiet, zone).open is found.open
    assert opening(found.until - timedelta(microseconds=1), quiet, zone).open is found.open


@pytest.mark.parametrize(
    ("now", "span", "is_open", "until"),
    [
        ("2026-11-25 20:59", "21:00-07:00", True, "2026-11-25 21:00+01:00"),
        ("2026-11-25 21:00", "21:00-07:00", False, "2026-11-26 07:00+01:00"),
        ("2026-11-26 06:59", "21:00-07:00", False, "2026-11-26 07:00+01:00"),
        ("2026-11-26 13:30", "13:00-14:00", False, "2026-11-26 14:00+01:00"),
        # The night has nine hours in March, eleven in October.
        ("2026-03-28 22:00", "21:00-07:00", False, "2026-03-29 07:00+02:00"),
        ("2026-10-24 22:00", "21:00-07:00", False, "2026-10-25 07:00+01:00"),
        # In March clocks skip 02:30: quiet hours that begin or end then do so at 03:00.
        ("2026-03-29 01:59", "21:00-02:30", False, "2026-03-29 03:00+02:00"),
        ("2026-03-29 01:59", "02:30-07:00", True, "2026-03-29 03:00+02:00"),
        # In October 02:30 comes twice, with half an hour between them that is not quiet.
        ("2026-10-25 01:00", "21:00-02:30", False, "2026-10-25 02:30+02:00"),
    ],
)
def test_nights_in_paris(now: str, span: str, is_open: bool, until: str) -> None:
    found = opening(datetime.fromisoformat(now).replace(tzinfo=PARIS), Quiet.parse(span), PARIS)
    assert (found.open, found.until) == (is_open, datetime.fromisoformat(until))


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    quiet = Quiet.parse("21:00-02:30")
    open_between = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    found = opening(open_between, quiet, PARIS)
    assert (found.open, found.until) == (True, datetime(2026, 10, 25, 1, 0, tzinfo=UTC))
    again = opening(datetime(2026, 10, 25, 1, 0, tzinfo=UTC), quiet, PARIS)
    assert (again.open, again.until) == (False, datetime(2026, 10, 25, 1, 30, tzinfo=UTC))


@pytest.mark.parametrize("text", ["", "21-7", "21:00", "24:00-07:00", "21:60-07:00", "07:00-07:00"])
def test_what_is_no_span_of_hours_is_refused(text: str) -> None:
    with pytest.raises(QuietError):
        Quiet.parse(text)


@given(quiets)
def test_a_span_is_read_as_it_is_written(quiet: Quiet) -> None:
    assert Quiet.parse(str(quiet)) == quiet


def test_one_digit_hours_and_spaces_are_read_too() -> None:
    assert str(Quiet.parse(" 9:00 – 9:30 ")) == "09:00-09:30"


@pytest.mark.parametrize(
    "text", ["21:00-7:00", "21h-7h", "21 h - 7 h", "21h00–07h00", "21\u202fh\u202f–\u202f7\u202fh"]
)
def test_quiet_hours_are_read_as_people_write_hours(text: str) -> None:
    assert str(Quiet.parse(text)) == "21:00-07:00"
