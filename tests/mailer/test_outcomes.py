"""When a copy that was told "later" is tried again."""

from __future__ import annotations

from datetime import timedelta

from mailer.outcomes import next_try
from pli.settings import Settings

HOUR = 3_600.0


def test_by_default_it_is_given_up_after_two_days_and_the_first_steps_are_short() -> None:
    delays = Settings.model_fields["retry_delays"].default
    assert delays[:5] == (HOUR / 12, HOUR / 4, HOUR / 2, HOUR, 2 * HOUR)
    assert set(delays[5:]) == {4 * HOUR}
    assert 47 * HOUR <= sum(delays) <= 48 * HOUR


def test_what_was_deferred_together_comes_back_spread_by_a_tenth() -> None:
    delays = [300.0, HOUR]
    for attempts, delay in enumerate(delays, 1):
        waits = [next_try(delays, attempts) / timedelta(seconds=delay) for _ in range(2_000)]
        assert 0.9 <= min(waits) < 0.91
        assert 1.09 < max(waits) <= 1.1
        assert 0.99 < sum(waits) / len(waits) < 1.01
