"""Workers on PostgreSQL as an operator sees them: side by side, listed, and without a database."""

from __future__ import annotations

import asyncio
import signal
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.installation import Installation
from tests.relay import Relay
from tests.servers import PostgreSQL
from tests.waiting import until

pytestmark = pytest.mark.proof
ME = "moi@example.org"


@pytest.fixture
def on_postgresql(postgresql: PostgreSQL) -> Callable[[Installation], Installation]:
    """Make a new database on the server, migrate it, and make the installation use it."""

    def move(installation: Installation) -> Installation:
        name = f"w{uuid.uuid4().hex[:12]}"
        asyncio.run(postgresql.execute(f"CREATE DATABASE {name}"))
        settings = installation.folder / "pli.toml"
        kept = [it for it in settings.read_text().splitlines() if "database_url" not in it]
        settings.write_text("\n".join([f'database_url = "{postgresql.url(name)}"', *kept]) + "\n")
        installation.pli("db", "upgrade")
        return installation

    return move


def test_two_workers_and_serve_without_work_share_a_sending_and_are_listed(
    installation: Installation,
    relay: Relay,
    on_postgresql: Callable[[Installation], Installation],
) -> None:
    installation = on_postgresql(installation)
    installation.pli("list", "new", "comite", "--title", "Comité", code=None)
    installation.members(300)
    relay.delay = 0.05
    with (
        installation.running("worker") as one,
        installation.running("worker", "--processes", "2") as several,
        installation.running("serve", "--no-work"),
    ):
        until(lambda: len(installation.pli("worker", "list", "--json").json) == 3)
        told = installation.pli(
            "send", installation.letter(), "--list", "comite", "--yes", "--json"
        )
        assert told.json["sent"] == 300
        assert told.json["balanced"]
        assert max(relay.recipients.values()) == 1
        found = installation.pli("worker", "list", "--json").json
        assert all(it["alive"] for it in found)
        assert {it["command"] for it in found} == {"pli worker"}
        assert {it["relay"] for it in found} == {f"127.0.0.1:{relay.port}"}
        assert sum(it["settled"] for it in found) > 0
        assert any(it["rate"] > 0 for it in found)
        shown = installation.pli("worker", "list").out
        assert found[0]["host"] in shown
        for process in (one, several):
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
    assert installation.pli("worker", "list", "--json").json == []


def test_hours_that_change_reach_every_worker_within_two_seconds(
    installation: Installation,
    relay: Relay,
    on_postgresql: Callable[[Installation], Installation],
) -> None:
    installation = on_postgresql(installation)
    with (installation.folder / "pli.toml").open("a") as file:
        file.write("batch_size = 20\nrelay_connections = 2\n")
    installation.pli("list", "new", "comite", "--title", "Comité", code=None)
    installation.members(300)
    relay.delay = 0.05
    with (
        installation.running("worker"),
        installation.running("worker"),
        installation.running("serve", "--no-work"),
    ):
        until(lambda: len(installation.pli("worker", "list", "--json").json) == 2)
        installation.pli("campaign", "create", installation.letter(), "--list", "comite")
        installation.pli("campaign", "start", "letter:1", "--yes")
        until(lambda: relay.connections == 2 and len(relay.received) > 5)
        now = datetime.now(UTC)
        quiet = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"
        installation.pli("campaign", "hours", "letter:1", "--quiet", quiet, PLI_TIMEZONE="UTC")
        time.sleep(2)
        count = len(relay.received)
        time.sleep(2)
        assert len(relay.received) == count < 300
        shown = installation.pli("campaign", "show", "letter:1", "--json").json
        assert (shown["state"], shown["sent"], shown["sending"]) == ("running", count, 0)
        relay.delay = 0.0
        installation.pli("campaign", "hours", "letter:1", "--quiet", "none")
        until(
            lambda: (
                installation.pli("campaign", "show", "letter:1", "--json").json["state"]
                == "finished"
            )
        )
    assert relay.recipients == {f"p{n:04}@example.org": 1 for n in range(300)}


def test_workers_go_on_by_the_second_relay_when_the_first_dies(
    installation: Installation,
    relay: Relay,
    on_postgresql: Callable[[Installation], Installation],
) -> None:
    installation = on_postgresql(installation)
    with Relay().running() as spare:
        with (installation.folder / "pli.toml").open("a") as file:
            file.write("batch_size = 20\nrelay_connections = 2\n")
            file.write(f'[relays.secours]\nurl = "{spare.url}"\n')
        installation.pli("list", "new", "comite", "--title", "Comité", code=None)
        installation.members(300)
        relay.delay = 0.02
        # It ends them at MAIL, not after a body, so that no copy is in doubt.
        relay.script = lambda stage, *_: (
            "drop" if stage in ("connect", "mail") and len(relay.received) > 60 else None
        )
        with installation.running("worker"), installation.running("worker"):
            until(lambda: len(installation.pli("worker", "list", "--json").json) == 2)
            installation.pli("campaign", "create", installation.letter(), "--list", "comite")
            installation.pli("campaign", "start", "letter:1", "--yes")
            until(
                lambda: (
                    installation.pli("campaign", "show", "letter:1", "--json").json["state"]
                    == "finished"
                )
            )
        shown = installation.pli("campaign", "show", "letter:1", "--json").json
        assert (shown["sent"], shown["failed"], shown["uncertain"]) == (300, 0, 0)
        everybody = {f"p{n:04}@example.org": 1 for n in range(300)}
        assert relay.recipients + spare.recipients == everybody
        assert relay.received
        assert spare.received


def test_a_worker_on_sqlite_is_refused_in_one_line(installation: Installation) -> None:
    said = installation.pli("worker", code=1)
    assert said.err.count("\n") == 1
    assert "PostgreSQL" in said.err


def test_a_worker_whose_database_stays_away_ends_and_says_why_and_the_next_one_finishes(
    installation: Installation, relay: Relay
) -> None:
    relay.delay = 0.05
    with PostgreSQL.started() as server:
        asyncio.run(server.execute("CREATE DATABASE pli_away"))
        with (installation.folder / "pli.toml").open("r+") as file:
            kept = [it for it in file.read().splitlines() if "database_url" not in it]
            file.seek(0)
            file.truncate()
            url = server.url("pli_away")
            file.write("\n".join([f'database_url = "{url}"', *kept]) + "\n")
        installation.pli("db", "upgrade")
        installation.members(300)
        installation.pli("campaign", "create", installation.letter(), "--list", "comite")
        installation.pli("campaign", "approve", "letter:1", "--yes")
        installation.pli("campaign", "start", "letter:1", "--yes")
        short = {"PLI_WITHOUT_DATABASE_SECONDS": "1", "PLI_LOG_LEVEL": "error"}
        with installation.running("worker", **short) as worker:
            until(lambda: len(relay.received) > 20)
            server.stop()
            began = time.monotonic()
            _out, err = worker.communicate(timeout=40)
            assert worker.returncode == 1
            assert "the database cannot be used" in err
            assert err.count("\n") == 1
            assert time.monotonic() - began > 1
        assert len(relay.received) < 300
        server.start()
        with installation.running("worker"):
            until(
                lambda: (
                    installation.pli("report", "letter:1", "--json").json["state"] == "finished"
                ),
                40,
            )
        told = installation.pli("report", "letter:1", "--json").json
    assert (told["sent"], told["uncertain"], told["balanced"]) == (300, 0, True)
    assert len(relay.received) == len(relay.recipients) == 300


def test_an_installation_moves_to_postgresql_and_goes_on_there(
    installation: Installation, relay: Relay, postgresql: PostgreSQL
) -> None:
    installation.members(40)
    installation.pli("send", installation.letter(), "--list", "comite", "--yes")
    name = f"m{uuid.uuid4().hex[:12]}"
    asyncio.run(postgresql.execute(f"CREATE DATABASE {name}"))
    url = postgresql.url(name)
    with installation.serving():
        said = installation.pli("db", "copy", "--to", url, code=1)
        assert said.err.count("\n") == 1
        assert "pli serve" in said.err
    assert "not empty" not in installation.pli("db", "copy", "--to", url).out
    assert "not empty" in installation.pli("db", "copy", "--to", url, code=1).err
    assert "PostgreSQL" in installation.pli("db", "copy", "--to", "sqlite:///x.db", code=1).err
    on_file = installation.pli("report", "1", "--json", code=None).out
    moved = {"PLI_DATABASE_URL": url}
    assert installation.pli("report", "1", "--json", code=None, **moved).out == on_file
    told = installation.pli(
        "send", installation.letter(2), "--list", "comite", "--yes", "--json", code=0, **moved
    )
    assert told.json["campaign"] == 2
    assert told.json["sent"] == 40
    assert len(relay.received) == 80


def test_a_database_without_a_name_is_told_in_one_line(installation: Installation) -> None:
    said = installation.pli("campaign", "list", code=1, PLI_DATABASE_URL="sqlite://")
    assert "sqlite:///pli.db" in said.err
    assert said.err.count("\n") == 1


def test_pages_without_work_begin_campaigns_at_their_hour_and_a_worker_stands_in(
    installation: Installation,
    relay: Relay,
    on_postgresql: Callable[[Installation], Installation],
) -> None:
    installation = on_postgresql(installation)
    installation.pli("list", "new", "comite", "--title", "Comité", code=None)
    installation.members(20)

    def state(number: int) -> str:
        return str(installation.pli("campaign", "show", f"letter:{number}", "--json").json["state"])

    def scheduled(number: int) -> None:
        installation.pli("campaign", "create", installation.letter(number), "--list", "comite")
        soon = datetime.now(UTC) + timedelta(seconds=4)
        at = soon.isoformat(timespec="seconds")
        installation.pli("campaign", "schedule", f"letter:{number}", "--at", at)

    with installation.running("serve", "--no-work"):
        until(lambda: "tidy:0" in installation.pli("queue", "--json").out)
        scheduled(1)
        until(lambda: state(1) == "running")
        installation.pli("send", installation.letter(9), "--list", "comite", "--test", ME)
        assert relay.recipients == {ME: 1}  # its own process has sent it
        with installation.running("worker"):
            until(lambda: state(1) == "finished")
            until(lambda: _does_chores(installation) == "stands_in")
    with installation.running("worker", "--chores"):
        until(lambda: _does_chores(installation) == "asked")
        scheduled(2)
        until(lambda: state(2) == "finished")
        installation.pli("send", installation.letter(9), "--list", "comite", "--test", ME)
        assert relay.recipients[ME] == 2
    with installation.running("worker"):
        scheduled(3)
        until(lambda: state(3) == "finished")
    assert {relay.recipients[f"p{n:04}@example.org"] for n in range(20)} == {3}
    assert installation.pli("queue", "failed", "--json").json == []


def _does_chores(installation: Installation) -> str:
    found = installation.pli("worker", "list", "--json").json
    return str(found[0]["chores"]) if found else ""
