"""Quiet hours and an end, at the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.installation import Installation
from tests.relay import Relay
from tests.waiting import until

UTC_ZONE = {"PLI_TIMEZONE": "UTC"}


def span(before: int, after: int) -> str:
    """Quiet hours that began some minutes ago and end some minutes from now."""
    now = datetime.now(UTC)
    begins, ends = now - timedelta(minutes=before), now + timedelta(minutes=after)
    return f"{begins:%H:%M}-{ends:%H:%M}"


def test_in_quiet_hours_a_campaign_runs_and_waits_and_goes_when_they_are_lifted(
    installation: Installation, relay: Relay
) -> None:
    installation.members(3)
    quiet = ("--quiet", span(60, 60))
    installation.pli(
        "campaign", "create", installation.letter(), "--list", "comite", *quiet, code=0, **UTC_ZONE
    )
    installation.pli("campaign", "start", "1", "--yes")
    with installation.serving():
        until(lambda: installation.pli("campaign", "show", "1", "--json").json["held_by"] != [])
        shown = installation.pli("campaign", "show", "1", "--json").json
        (held,) = shown["held_by"]
        assert held["kind"] == "quiet_hours"
        assert held["sentence"].startswith("quiet hours: goes on at ")
        assert held["until"].endswith("Z")
        assert (shown["state"], shown["pending"], shown["sent"]) == ("running", 3, 0)
        assert "goes on at" in installation.pli("campaign", "show", "1").out
        assert "reprend à" in installation.pli("campaign", "show", "1", LC_ALL="fr_FR.UTF-8").out
        assert relay.received == []
        said = installation.pli("campaign", "hours", "1", "--quiet", "none")
        assert "quiet hours none, end none" in said.out
        until(lambda: len(relay.received) == 3, 5)
        until(
            lambda: installation.pli("campaign", "show", "1", "--json").json["state"] == "finished"
        )


@pytest.mark.proof
def test_the_settings_quiet_hours_hold_and_send_can_say_none(
    installation: Installation, relay: Relay
) -> None:
    installation.members(2)
    quiet = {"PLI_QUIET_HOURS": span(60, 60), **UTC_ZONE}
    with installation.running(
        "send", installation.letter(), "--list", "comite", "--yes", "--json", **quiet
    ):
        until(lambda: installation.pli("campaign", "list", "--json").json != [])
        until(lambda: installation.pli("campaign", "show", "1", "--json").json["held_by"] != [])
    assert relay.received == []
    said = installation.pli(
        "send",
        installation.letter(),
        "--list",
        "comite",
        "--yes",
        "--json",
        "--quiet",
        "none",
        code=0,
        **quiet,
    )
    assert said.json["state"] == "finished"
    assert len(relay.received) == 2


@pytest.mark.proof
def test_an_end_pauses_the_campaign_and_resume_goes_on_without_it(
    installation: Installation, relay: Relay
) -> None:
    installation.members(2)
    soon = (datetime.now(UTC) + timedelta(seconds=8)).isoformat()
    relay.script = lambda stage, _who, times: (
        "451 4.7.1 later" if stage == "rcpt" and times == 1 else None
    )
    said = installation.pli(
        "send", installation.letter(), "--list", "comite", "--yes", "--retry-after", "1h",
        "--not-after", soon, code=1,
    )  # fmt: skip
    assert "has passed: go on without it" in said.err
    assert '"pli campaign resume 1"' in said.err
    assert '"pli campaign cancel 1"' in said.err
    shown = installation.pli("campaign", "show", "1", "--json").json
    assert (shown["state"], shown["pending"]) == ("paused", 2)
    assert shown["not_after"] is not None
    again = installation.pli("send", installation.letter(), "--list", "comite", "--yes", code=1)
    assert "its end has passed" in again.err
    assert "goes on without one" in installation.pli("campaign", "resume", "1").out
    shown = installation.pli("campaign", "show", "1", "--json").json
    assert (shown["state"], shown["not_after"]) == ("running", None)


def test_an_hour_within_quiet_hours_is_allowed_and_told(installation: Installation) -> None:
    installation.members(1)
    said = installation.pli(
        "send", installation.letter(), "--list", "comite", "--yes", "--at", "2099-01-01 06:00",
        "--quiet", "21:00-07:00",
    )  # fmt: skip
    assert (
        "That is within its quiet hours (21:00-07:00): the first copy leaves at 07:00." in said.out
    )
    said = installation.pli("campaign", "schedule", "1", "--at", "2099-01-01 08:00")
    assert "quiet" not in said.out
    said = installation.pli("campaign", "schedule", "1", "--at", "2099-01-01 22:00")
    assert "the first copy leaves at 07:00" in said.out


def test_an_end_alone_is_the_next_such_hour_after_the_start(installation: Installation) -> None:
    installation.members(1)
    installation.pli(
        "send", installation.letter(), "--list", "comite", "--yes", "--at", "2099-01-01 08:00",
        "--not-after", "20:00",
    )  # fmt: skip
    shown = installation.pli("campaign", "show", "1", "--json").json
    assert shown["not_after"] == "2099-01-01T19:00:00Z"
    said = installation.pli("campaign", "schedule", "1", "--at", "2099-01-02 08:00", code=1)
    assert "would begin after its end" in said.err
    assert "pli campaign hours 1 --not-after none" in said.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--quiet", "21-7"), "“21-7” is no span of hours"),
        (("--quiet", "07:00-07:00"), "ends when it begins"),
        (("--not-after", "2020-01-01 08:00"), "that hour is over"),
        (("--not-after", "tomorrow"), "is no hour"),
    ],
)
def test_impossible_hours_are_refused_before_anything_is_written(
    words: tuple[str, str], told: str, installation: Installation
) -> None:
    installation.members(1)
    said = installation.pli(
        "send", installation.letter(), "--list", "comite", "--yes", *words, code=1
    )
    assert told in said.err
    assert installation.pli("campaign", "list", "--json").json == []


def test_wrong_quiet_hours_in_the_settings_are_told(installation: Installation) -> None:
    said = installation.pli("settings", code=1, PLI_QUIET_HOURS="nuit")
    assert "PLI_QUIET_HOURS: is no span of hours such as 21:00-07:00" in said.err
