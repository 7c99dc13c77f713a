from __future__ import annotations

import time

import pytest

from mailer.engine.window_size import LARGEST_WINDOW, LATEST_SECONDS, Pace


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that tests move: its only element is the time in seconds."""
    hour = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: hour[0])
    return hour


def test_a_pace_is_reckoned_from_the_first_claim_and_not_from_when_it_was_made(
    clock: list[float],
) -> None:
    pace = Pace(10)
    clock[0] += 3_600
    assert pace.window() == 10
    clock[0] += 0.5
    pace.mark(10)
    assert pace.rate() == pytest.approx(20)
    assert pace.window() == int(20 * 2 / 3)


def test_a_window_holds_a_third_of_two_seconds_and_never_more_than_the_largest(
    clock: list[float],
) -> None:
    pace = Pace(10)
    pace.window()
    clock[0] += 1
    pace.mark(10_000)
    assert pace.window() == LARGEST_WINDOW == 300


def test_after_a_long_wait_the_pace_begins_anew(clock: list[float]) -> None:
    pace = Pace(10)
    pace.window()
    clock[0] += 1
    pace.mark(900)
    clock[0] += LATEST_SECONDS + 1
    assert pace.rate() == 0
    assert pace.window() == 10
    clock[0] += 1
    pace.mark(30)
    assert pace.rate() == pytest.approx(30)
