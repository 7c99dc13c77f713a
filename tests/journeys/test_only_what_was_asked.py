"""A command sends only what it was asked to send; `serve` and `worker` send all that runs."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import IO

import pytest

from tests.journeys.installation import Installation, Said
from tests.relay import Relay
from tests.waiting import until

pytestmark = pytest.mark.proof


def send(installation: Installation, letter: str, *more: str, code: int | None = 0) -> Said:
    return installation.pli("send", letter, "--list", "comite", "--yes", *more, code=code)


def stopped(installation: Installation, relay: Relay, letter: str) -> tuple[int, str]:
    """Press Ctrl-C in the middle of a sending; how many copies left, and the last line."""
    relay.delay = 0.05
    with installation.running("send", letter, "--list", "comite", "--yes") as process:
        until(lambda: len(relay.received) > 20)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    relay.delay = 0
    assert process.returncode == 130
    return len(relay.received), err.strip().splitlines()[-1]


def test_a_stopped_letter_goes_no_further_when_the_corrected_one_is_sent(
    installation: Installation, relay: Relay
) -> None:
    installation.members(200)
    n, last = stopped(installation, relay, installation.letter())
    both = ("pli campaign resume 1", "pli campaign cancel 1")
    assert f"{n} of 200 have it" in last
    assert all(way in last for way in both)
    letter = installation.letter(text="Corrigé.")
    refused = send(installation, letter, code=1).err
    assert f"{n} of 200 have it" in refused
    assert all(way in refused for way in both)
    assert refused.index("resume") < refused.index("number of its own")
    test = installation.pli("send", letter, "--list", "comite", "--test", "moi@example.org")
    assert "is sent to moi@example.org" in test.out
    assert len(relay.received) == n + 1
    done = send(installation, installation.letter(2))
    assert f"campaign 1 (letter 1): {n} of 200 have it" in done.err
    assert len(relay.received) == n + 1 + 200
    assert installation.pli("report", "1", "--json").json["state"] == "running"
    # A running campaign may be resumed, too; `pli serve` then sends it.
    assert "pli serve" in installation.pli("campaign", "resume", "1").out
    with installation.serving():
        until(lambda: installation.pli("report", "1", "--json").json["state"] == "finished")
    assert len(relay.received) == 1 + 400


def test_a_letter_that_was_given_up_before_anything_left_frees_its_number(
    installation: Installation, relay: Relay
) -> None:
    installation.members(3)
    installation.pli("campaign", "create", installation.letter(), "--list", "comite")
    letter = installation.letter(text="Corrigé.")
    refused = send(installation, letter, code=1).err
    assert "pli campaign start 1" in refused
    assert "pli campaign cancel 1" in refused
    assert "number of its own" not in refused
    installation.pli("campaign", "cancel", "1", "--yes")
    assert send(installation, letter, "--json").json["sent"] == 3
    assert len(relay.received) == 3


def test_the_same_letter_to_others_of_an_unfinished_campaign_is_told_of_it(
    installation: Installation, relay: Relay
) -> None:
    installation.members(200)
    n, _ = stopped(installation, relay, installation.letter())
    refused = send(installation, "lettre-1.md", "--segment", 'last_name = "x"', code=1).err
    assert f"{n} of 200 have it" in refused
    assert "pli campaign resume 1" in refused
    assert "--again new" in refused


def test_a_second_send_waits_its_turn_and_a_test_copy_does_not(
    installation: Installation, relay: Relay
) -> None:
    installation.members(200)
    installation.letter()
    installation.letter(2)
    relay.delay = 1
    first = ("send", "lettre-1.md", "--list", "comite", "--yes", "--json")
    second = ("send", "lettre-2.md", "--list", "comite", "--yes", "--json")
    with installation.running(*first) as one:
        until(lambda: len(relay.received) > 2)
        with installation.running(*second) as two:
            until(lambda: "waits until" in told(two.stderr))
            assert f"pli send ({one.pid}) is done with campaign 1" in told(two.stderr)
            installation.pli("send", "lettre-2.md", "--list", "comite", "--test", "moi@example.org")
            assert one.poll() is None
            assert {
                str(it.message["Subject"]) for it in relay.received if "moi@" not in it.recipient
            } == {"Lettre n° 1 : une séance"}
            relay.delay = 0
            one.wait(30)
            two.wait(30)
    assert (one.returncode, two.returncode) == (0, 0)
    assert len(relay.received) == 401


def test_a_server_that_comes_takes_over_from_a_send(
    installation: Installation, relay: Relay
) -> None:
    installation.members(60)
    relay.script = lambda stage, who, times: (
        "451 4.2.0 later" if stage == "rcpt" and who.startswith("p0001") and times < 4 else None
    )
    letter = installation.letter()
    with installation.running(
        "send", letter, "--list", "comite", "--yes", "--retry-after", "3s,3s,3s,3s", "--json"
    ) as sending:
        until(lambda: len(relay.received) == 59)
        installation.pli("campaign", "create", installation.letter(2), "--list", "comite")
        with installation.serving():
            installation.pli("campaign", "start", "2", "--yes")
            until(lambda: installation.pli("report", "2", "--json").json["state"] == "finished")
            sending.wait(30)
    assert sending.returncode == 0
    assert len(relay.received) == 120


def test_a_send_that_waits_for_a_further_try_makes_room_for_another(
    installation: Installation, relay: Relay
) -> None:
    installation.members(5)
    relay.script = lambda stage, who, times: (
        "451 4.2.0 later" if stage == "rcpt" and who.startswith("p0001") and times == 1 else None
    )
    installation.letter()
    installation.letter(2)
    with installation.running(
        "send", "lettre-1.md", "--list", "comite", "--yes", "--retry-after", "12s", "--json"
    ) as first:
        until(lambda: len(relay.received) == 4)
        relay.script = lambda _stage, _who, _times: None
        assert send(installation, "lettre-2.md", "--json").json["sent"] == 5
        assert first.poll() is None
        first.wait(40)
    assert first.returncode == 0
    assert len(relay.received) == 10


def told(file: IO[str]) -> str:
    """All output of a command so far."""
    return Path(file.name).read_text("utf-8")
