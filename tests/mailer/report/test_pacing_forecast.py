"""What the forecast says of a campaign that is held back, and when its last copy leaves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.pacing.limits import CAREFUL, DAY, Limits, Plan, Quota
from mailer.pacing.sliding_window import SlidingWindow
from mailer.pacing.throttle import Throttle
from mailer.pacing.usage import Standing
from mailer.providers import WHOLE
from mailer.report.pacing_forecast import View, arrives_at, holds

NOW = datetime(2026, 11, 25, 13, 5, tzinfo=UTC).timestamp()
AN_HOUR = Limits(quotas=(Quota(200, 3_600.0),))
CALM = Throttle()
QUIET = View(
    now=NOW,
    plan=Plan("relay", providers=CAREFUL),
    standings={},
    pending={"orange": 300, "other": 700},
    before={"orange": 300, "other": 700},
    rates={WHOLE: 100.0},
    workers=1,
    names={"orange": "orange.fr", "gmail": "gmail.com"},
)


def used_up(limits: Limits) -> Standing:
    sliding_windows = (SlidingWindow(it.copies, it.seconds) for it in limits.on_day(0))
    return Standing(
        tuple(
            it.take(it.copies, NOW).tell(it.copies, it.copies, NOW, NOW) for it in sliding_windows
        ),
        CALM,
    )


def told(view: View, language: str = "en") -> list[str]:
    return [it.sentence.tell(language) for it in holds(view)]


@pytest.fixture(autouse=True)
def _in_paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as here:
        here.setenv("TZ", "Europe/Paris")
        time.tzset()
        yield
    time.tzset()


def test_connections_are_told_where_more_wait_than_there_are() -> None:
    assert told(QUIET) == ["orange.fr: 2 connections"]
    assert told(QUIET, "fr") == ["orange.fr\u00a0: 2 connexions"]
    assert told(replace(QUIET, pending={"orange": 2})) == []
    assert told(replace(QUIET, pending={"orange": 0, "other": 0})) == []


def test_a_quota_that_is_used_up_is_told_with_the_hour_at_which_it_goes_on() -> None:
    plan = Plan("relay", AN_HOUR)
    view = replace(QUIET, plan=plan, standings={WHOLE: used_up(AN_HOUR)})
    (hold,) = holds(view)
    assert hold.kind == "relay_quota"
    assert str(hold.sentence) == "relay quota: 200 an hour, goes on at 15:06"
    assert hold.until is not None
    assert NOW + 3_600 < hold.until.timestamp() <= NOW + 3_661


def test_a_providers_rest_its_slowness_and_its_warm_up_are_told() -> None:
    rest = Standing((), Throttle(1, NOW + 30, said="421 4.7.28"))
    view = replace(QUIET, standings={"gmail": rest}, pending={"gmail": 9})
    assert told(view) == ["gmail.com: rests after 421 4.7.28, goes on at 14:05:30"]
    view = replace(view, now=NOW + 60)
    assert told(view) == ["gmail.com: slowed down after 421 4.7.28, a few at a time"]
    warm = Limits(warm_up=(50, 100))
    plan = Plan("relay", providers={"gmail": warm})
    view = replace(QUIET, plan=plan, standings={"gmail": used_up(warm)}, pending={"gmail": 9})
    assert [it.kind for it in holds(view)] == ["warm_up"]
    assert "50 a day for now, goes on at 2026-11-26 14:" in told(view)[0]


def test_no_arrival_is_told_before_a_worker_sends() -> None:
    assert arrives_at(replace(QUIET, workers=0)) is None
    assert arrives_at(replace(QUIET, rates={})) is None
    assert arrives_at(replace(QUIET, before={})) == NOW


def test_a_campaign_arrives_when_its_slowest_provider_does() -> None:
    assert arrives_at(QUIET) == pytest.approx(NOW + 10)
    slow = replace(QUIET, rates={WHOLE: 100.0, "orange": 2.0})
    assert arrives_at(slow) == pytest.approx(NOW + 150)
    quota = replace(QUIET, plan=Plan("relay", AN_HOUR))
    arrives = arrives_at(quota)
    assert arrives is not None
    assert NOW + 4 * 3_600 <= arrives <= NOW + 4 * 3_660
    assert arrives_at(replace(slow, due=NOW + 500)) == NOW + 500


@given(
    st.integers(1, 5_000),
    st.integers(1, 500),
    st.sampled_from([60.0, 3_600.0, DAY]),
    st.integers(1, 50),
    st.floats(0.1, 1_000),
    st.integers(0, 500),
)
def test_a_campaign_arrives_no_earlier_than_limits_and_workers_allow(
    n: int, copies: int, seconds: float, per_second: int, rate: float, more: int
) -> None:
    limits = Limits(quotas=(Quota(copies, seconds),), per_second=per_second)
    view = replace(QUIET, plan=Plan("relay", limits), before={"other": n}, rates={WHOLE: rate})
    arrives = arrives_at(view)
    assert arrives is not None
    assert arrives >= NOW + ((n - 1) // copies) * seconds
    assert arrives >= NOW + n / per_second
    assert arrives >= NOW + n / rate
    later = arrives_at(replace(view, before={"other": n + more}))
    assert later is not None
    assert later >= arrives
