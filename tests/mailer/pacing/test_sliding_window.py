"""The arithmetic of pacing: no interval of one period holds more than the quota, by any clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.pacing.limits import DAY, Limits, Quota
from mailer.pacing.sliding_window import AHEAD_SECONDS, SLOTS, SlidingWindow

START = 1_800_000_000.0
PERIODS = st.sampled_from([3.0, 60.0, 3_600.0, DAY])
WAITS = st.floats(0, 2.5)
"""Waits, in periods."""
ROUNDING = 1e-5
"""In seconds: a float of a time in 2026 is no more exact than that."""


def slack(window: SlidingWindow) -> float:
    """For how many seconds beyond its period a copy may count at most."""
    return AHEAD_SECONDS + 2 * window.seconds / SLOTS


@given(
    st.integers(1, 30),
    PERIODS,
    st.lists(
        st.tuples(
            st.floats(0, 2.5),
            st.integers(1, 40),
            st.floats(0, 1),
            st.integers(0, 40),
            st.booleans(),
        ),
        max_size=60,
    ),
)
def test_no_stretch_of_a_period_holds_more_than_the_quota(
    copies: int, seconds: float, steps: list[tuple[float, int, float, int, bool]]
) -> None:
    """Each grant is used in part, as late as possible; a dead worker never tells of some."""
    window, now = SlidingWindow(copies, seconds), START
    used: list[float] = []
    for wait, wanted, late, kept, told in steps:
        now += wait * seconds / 5
        size = min(wanted, window.room(now))
        window = window.take(size, now)
        given_at, n = now, min(kept, size)
        at = now + late * AHEAD_SECONDS
        used += [at] * n
        if told:
            now = at
            window = window.tell(size, n, given_at, now)
        assert sum(n for _, n in window.slots) <= copies
    used.sort()
    for place, last in enumerate(used[copies:], copies):
        assert last - used[place - copies] >= seconds - ROUNDING


@given(st.integers(1, 50), PERIODS, st.floats(0, 1e7))
def test_a_clock_that_is_set_forward_never_opens_more_than_the_whole_quota(
    copies: int, seconds: float, ahead: float
) -> None:
    window = SlidingWindow(copies, seconds).take(copies, START)
    assert window.room(START) == 0
    assert window.room(START + ahead) <= copies
    again = window.take(window.room(START + ahead), START + ahead)
    assert again.room(START + ahead) == 0
    # The clock is set back again: copies granted ahead of it count as if they were granted now.
    assert again.room(START) == 0


@given(st.integers(1, 50), PERIODS, st.floats(0, 1e7))
def test_a_clock_that_is_set_back_holds_up_for_one_period_at_most(
    copies: int, seconds: float, back: float
) -> None:
    window = SlidingWindow(copies, seconds).take(copies, START)
    now = START - back
    window = window.at(now)
    assert window.room(now) == 0
    later = now + seconds + slack(window) + ROUNDING
    assert window.room(later) == copies


@given(st.integers(1, 50), PERIODS, st.integers(1, 50), st.integers(1, 200))
def test_a_window_opens_when_it_says(
    copies: int, seconds: float, granted: int, wanted: int
) -> None:
    granted = min(granted, copies)
    window = (
        SlidingWindow(copies, seconds).take(granted, START).tell(granted, granted, START, START)
    )
    opens = window.opens_at(wanted, START)
    taken, now = 0, START
    while True:
        size = min(wanted - taken, window.room(now))
        window = window.take(size, now).tell(size, size, now, now)
        taken += size
        if taken == wanted:
            break
        now = window.opens_at(1, now)
    # Each round takes a period and a slot at most: a copy need not be the first in its slot.
    assert opens - (1 + wanted / copies) * seconds / SLOTS - 0.1 <= now <= opens + 0.1


def test_a_grant_that_was_not_used_is_given_back() -> None:
    window = SlidingWindow(10, 60.0).take(8, START)
    assert window.room(START) == 2
    assert window.tell(8, 3, START, START + 1).room(START + 1) == 7


def test_more_than_there_is_room_for_is_refused() -> None:
    with pytest.raises(ValueError, match="more than there is room for"):
        SlidingWindow(3, 60.0).take(4, START)


def test_two_hundred_an_hour_go_at_once_and_the_next_after_an_hour() -> None:
    """A committee with 150 members does not wait 18 seconds for each of them."""
    window = SlidingWindow(200, 3_600.0)
    assert window.room(START) == 200
    window = window.take(200, START).tell(200, 200, START, START + 5)
    assert window.room(START + 3_600) == 0
    assert window.room(START + 5 + 3_600 + 60) == 200


def test_the_first_days_of_use_have_quotas_of_their_own() -> None:
    limits = Limits(quotas=(Quota(500, DAY), Quota(100, 60.0)), warm_up=(50, 200, 1_000))
    daily = [{it.seconds: it.copies for it in limits.on_day(day)}[DAY] for day in range(5)]
    assert daily == [50, 200, 500, 500, 500]
    assert {it.copies for it in limits.on_day(0) if it.seconds == 60.0} == {100}
    assert Limits(warm_up=(5,)).on_day(1) == ()
