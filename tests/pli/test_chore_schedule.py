"""When a schedule is due next, by a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pli.chore_schedule import Daily, Every

PARIS = "Europe/Paris"
START = datetime(2024, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_every_hour_begins_at_once_and_makes_up_for_nothing() -> None:
    hourly, now = Every(3_600.0), utc("2026-11-24 09:00")
    assert hourly.first(now) == now
    assert hourly.after(now + timedelta(days=3)) == now + timedelta(days=3, hours=1)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-24 01:00", "2026-11-24 01:30"),
        ("2026-11-24 01:30", "2026-11-25 01:30"),  # strictly later
        ("2026-11-24 09:00", "2026-11-25 01:30"),
        ("2026-11-23 23:59", "2026-11-24 01:30"),  # there, it is the next day already
        ("2026-03-29 00:00", "2026-03-29 01:30"),  # clocks skip 02:30: an hour later by them
        ("2026-10-24 23:00", "2026-10-25 00:30"),  # clocks show 02:30 twice: the first time
        ("2026-10-25 00:30", "2026-10-26 01:30"),
        ("2026-10-25 01:00", "2026-10-26 01:30"),  # and only once
    ],
)
def test_half_past_two_in_paris_comes_once_a_day_also_when_clocks_change(
    now: str, due: str
) -> None:
    assert Daily(time(2, 30), PARIS).after(utc(now)) == utc(due)


@given(
    now=st.integers(0, 15 * 366 * 86_400).map(lambda it: START + timedelta(seconds=it)),
    at=st.times().map(lambda it: it.replace(microsecond=0)),
)
def test_a_daily_time_lies_ahead_by_a_day_and_an_hour_at_most(now: datetime, at: time) -> None:
    coming = Daily(at, PARIS).after(now)
    assert timedelta() < coming - now <= timedelta(hours=25)
