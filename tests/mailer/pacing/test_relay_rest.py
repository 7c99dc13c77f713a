"""A relay that names a limit of its own rests until the hour or the day is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailer.answer_words import Period
from mailer.models import Stage
from mailer.outcomes import judge
from mailer.pacing import usage
from mailer.pacing.limits import Plan
from mailer.pacing.relay_rest import NO_REST
from mailer.pacing.throttle import heard_from
from mailer.providers import WHOLE
from pli.database import Database

PARIS = ZoneInfo("Europe/Paris")


def moment(text: str, zone: ZoneInfo = PARIS) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@pytest.mark.parametrize(
    ("period", "now", "until"),
    [
        (Period.HOUR, "2026-11-24 09:59", "2026-11-24 10:01"),
        (Period.HOUR, "2026-11-24 23:10", "2026-11-25 00:01"),
        (Period.DAY, "2026-11-24 09:59", "2026-11-25 00:01"),
        (Period.DAY, "2026-10-24 12:00", "2026-10-25 00:01"),
        (Period.DAY, "2026-10-25 01:30", "2026-10-26 00:01"),
    ],
)
def test_it_rests_until_the_next_hour_or_day_of_the_senders_zone(
    period: Period, now: str, until: str
) -> None:
    at = moment(now)
    rest = NO_REST.again(period, "550 limit", at, PARIS)
    assert rest.until == moment(until)
    assert rest.lasts(at)
    assert not rest.lasts(rest.until)
    assert not rest.lasts(at - timedelta(days=3).total_seconds()), "the clock was set back"


def test_what_was_on_its_way_when_a_rest_began_does_not_change_it() -> None:
    at = moment("2026-11-24 09:30")
    rest = NO_REST.again(Period.HOUR, "550 limit", at, PARIS)
    assert rest.again(Period.DAY, "550 other", at + 1, PARIS) == rest


def test_a_limit_of_a_day_that_still_holds_after_midnight_is_tried_every_hour() -> None:
    rest = NO_REST.again(Period.DAY, "550 limit", moment("2026-11-24 18:00"), PARIS)
    later = rest.again(Period.DAY, "550 limit", rest.until + 5, PARIS)
    assert later.until == moment("2026-11-25 01:01")
    evening = later.again(Period.DAY, "550 limit", moment("2026-11-25 18:00"), PARIS)
    assert evening.until == moment("2026-11-26 00:01")


def test_a_limit_is_heard_and_slows_no_provider_down() -> None:
    said = "5.4.5 Daily user sending limit exceeded for lea@example.org"
    heard = heard_from([judge(Stage.RCPT, 550, said), judge(Stage.BODY, 250, "ok")])
    assert (heard.limit, heard.weight, heard.tries) == (Period.DAY, 0, 2)
    assert heard.slows
    assert heard.limit_said == "550 5.4.5 Daily user sending limit exceeded for …"


async def test_every_worker_sees_the_rest_of_a_relay(database: Database) -> None:
    plan = Plan("relay:25", zone=UTC)
    async with database.begin() as session:
        rest, now = await usage.rest(session, plan, Period.HOUR, "550 limit")
    async with database.reading() as session:
        standings, _ = await usage.look(session, plan)
    assert standings[WHOLE].rest == rest
    assert standings[WHOLE].room(now) == 0
    assert standings[WHOLE].opens_at(1, now) == rest.until
