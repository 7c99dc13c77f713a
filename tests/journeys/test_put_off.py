"""A person is told at once, in the relay's own words, that a relay defers copies."""

from __future__ import annotations

import signal
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.journeys.installation import Installation
from tests.relay import Relay
from tests.waiting import until

WORDS = "450 4.7.1 Number of messages per hour exceeded"


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (0, "The relay puts everybody off"),
        pytest.param(3, "5 copies are put off by the relay", marks=pytest.mark.proof),
    ],
)
def test_what_the_relay_says_is_told_while_everything_waits(
    taken: int, said: str, installation: Installation, relay: Relay
) -> None:
    relay.script = lambda stage, who, _times: (
        WORDS if stage == "rcpt" and int(who[1:5]) >= taken else None
    )
    installation.members(taken + 5)
    send = ("send", installation.letter(), "--list", "comite", "--yes", "--retry-after", "1h")
    with installation.running(*send) as process:
        told = Path(process.stderr.name)
        until(lambda: said in told.read_text("utf-8"))
        shown = installation.pli("campaign", "show", "1")
        assert WORDS in " ".join(shown.out.split())
        document = installation.pli("campaign", "show", "1", "--json").json
        due = datetime.fromisoformat(document["next_try_at"]).astimezone(ZoneInfo("Asia/Tokyo"))
        there = installation.pli("campaign", "show", "1", PLI_TIMEZONE="Asia/Tokyo", TZ="UTC").out
        assert f"{due:%Y-%m-%d %H:%M:%S} (Asia/Tokyo)" in there
        assert installation.pli("campaign", "show", "1", "--json").json["put_off_with"] == WORDS
        process.send_signal(signal.SIGINT)
        process.wait(20)
        lines = [it for it in told.read_text("utf-8").splitlines() if said in it]
    assert len(lines) == 1
    assert WORDS in lines[0]


def test_a_relay_that_takes_everything_says_nothing_of_it(
    installation: Installation, relay: Relay
) -> None:
    installation.members(2)
    said = installation.pli("send", installation.letter(), "--list", "comite", "--yes")
    assert "put" not in said.err
    assert installation.pli("campaign", "show", "1", "--json").json["put_off_with"] is None
    assert len(relay.received) == 2
