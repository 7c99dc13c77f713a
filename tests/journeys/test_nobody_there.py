"""A letter for nobody, a campaign that no process starts, and processes with other settings."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.installation import Installation
from tests.relay import Relay
from tests.waiting import until

LATER = f"{datetime.now(UTC) + timedelta(hours=6):%Y-%m-%dT%H:%M}+00:00"


def campaigns(installation: Installation) -> int:
    return len(installation.pli("campaign", "list", "--json").json)


def checks(installation: Installation, code: int | None = None) -> list[tuple[str, str]]:
    found = installation.pli("doctor", "--json", code=code).json["checks"]
    return [(it["state"], it["message"]) for it in found if it["check"] == "campaigns"]


@pytest.mark.parametrize("more", [(), ("--at", LATER)], ids=["now", "later"])
@pytest.mark.parametrize("who", ["empty", "segment", "left", "had it"])
def test_a_letter_to_nobody_is_refused_and_leaves_nothing(
    who: str, more: tuple[str, ...], installation: Installation, relay: Relay
) -> None:
    installation.members(1)
    installation.pli("list", "new", "bureau")
    letter, before = installation.letter(), 0
    words, said = {
        "empty": (("--list", "bureau"), "nobody is on bureau"),
        "segment": (
            ("--list", "comite", "--segment", 'last_name = "x"'),
            "selects nobody of comite",
        ),
        "left": (("--list", "comite"), "Had left the list"),
        "had it": (("--list", "comite", "--again", "new"), "already in an earlier sending"),
    }[who]
    if who == "left":
        installation.pli("subscriber", "unsubscribe", "p0000@example.org", "--list", "comite")
    if who == "had it":
        installation.pli("send", letter, "--list", "comite", "--yes")
        before = 1
    refused = installation.pli("send", letter, *words, *more, "--yes", code=1)
    assert "there is nobody to send to" in refused.err
    assert said in refused.err
    draft = installation.pli("campaign", "create", letter, *words, code=1)
    assert "there is nobody to send to" in draft.err
    assert campaigns(installation) == len(relay.received) == before


def test_a_list_that_is_filled_afterwards_gets_the_letter(
    installation: Installation, relay: Relay
) -> None:
    installation.pli("list", "new", "comite")
    letter = installation.letter()
    installation.pli("send", letter, "--list", "comite", "--yes", code=1)
    installation.members(2)
    said = installation.pli("send", letter, "--list", "comite", "--yes", "--json").json
    assert (said["campaign"], said["sent"], len(relay.received)) == (1, 2, 2)


def test_a_list_that_was_emptied_since_the_draft_is_told_and_the_draft_stays(
    installation: Installation,
) -> None:
    installation.members(1)
    installation.pli("campaign", "create", installation.letter(), "--list", "comite")
    installation.pli("subscriber", "unsubscribe", "p0000@example.org", "--list", "comite")
    assert "nobody to send to" in installation.pli("campaign", "start", "1", "--yes", code=1).err
    assert installation.pli("campaign", "show", "1", "--json").json["state"] == "draft"


def test_the_doctor_tells_of_a_campaign_that_nothing_starts(
    installation: Installation, relay: Relay
) -> None:
    installation.members(2)
    installation.pli("send", installation.letter(), "--list", "comite", "--at", LATER, "--yes")
    ((state, told),) = checks(installation, 0)
    assert state == "warning"
    assert "no process runs to start it" in told
    with installation.serving():
        until(lambda: checks(installation, 0) == [])
    with closing(sqlite3.connect(installation.folder / "pli.db")) as database, database:
        database.execute("UPDATE campaign SET scheduled_at = datetime('now', '-5 hours')")
    ((state, told),) = checks(installation, 1)
    assert state == "error"
    assert "was to start" in told
    with installation.serving():
        until(lambda: "does not start by itself" in str(checks(installation, 1)))
    assert relay.received == []


@pytest.mark.proof
def test_a_process_that_runs_with_other_settings_is_told_until_it_is_started_again(
    installation: Installation,
) -> None:
    installation.members(2)
    installation.pli("campaign", "create", installation.letter(), "--list", "comite")
    show = ("campaign", "show", "1", "--json")

    def outdated() -> list[str]:
        told: list[str] = installation.pli(*show).json["restart"]
        return told

    def workers() -> bool:
        return bool(installation.pli("worker", "list", "--json").json)

    with installation.serving() as server:
        until(workers)
        assert outdated() == []
        file = installation.folder / "pli.toml"
        file.write_text("relay_per_hour = 100\n" + file.read_text())
        said = f"pli serve (pid {server.pid}) runs with other settings: restart it"
        assert outdated() == [said]
        assert said in " ".join(installation.pli("campaign", "show", "1").out.split())
        assert said in installation.pli("doctor", "--json").out
        installation.pli("campaign", "start", "1", "--yes")
        assert said in installation.pli("campaign", "resume", "1").err
    with installation.serving():
        until(workers)
        assert outdated() == []
    # A setting that has no part in sending is no reason to restart a process.
    with installation.serving():
        until(workers)
        file.write_text(
            'phone = "1"\n'
            + "\n".join(it for it in file.read_text().splitlines() if not it.startswith("phone"))
        )
        assert outdated() == []


@pytest.mark.parametrize("times", [1, 2])
def test_a_terminal_that_is_closed_stops_cleanly(
    times: int, installation: Installation, relay: Relay
) -> None:
    installation.members(200)
    relay.delay = 0.2
    send = ("send", installation.letter(), "--list", "comite", "--yes")
    with installation.running(*send) as process:
        until(lambda: len(relay.received) > 10)
        for _ in range(times):
            process.send_signal(signal.SIGHUP)
        process.wait(20)
    assert process.returncode == 130
    relay.delay = 0
    done = installation.pli(*send, "--json").json
    assert (done["sent"], done["uncertain"]) == (200, 0)
    assert set(relay.recipients.values()) == {1}


@pytest.mark.proof
def test_a_command_started_by_nohup_goes_on(installation: Installation, relay: Relay) -> None:
    installation.members(30)
    relay.delay = 0.1
    send = ("send", installation.letter(), "--list", "comite", "--yes", "--json")
    with subprocess.Popen(
        ["nohup", sys.executable, "-c", "from cli import main; main()", *send],
        cwd=installation.folder,
        env=installation.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        until(lambda: len(relay.received) > 3)
        process.send_signal(signal.SIGHUP)
        assert process.wait(30) == 0
    assert len(relay.received) == 30
