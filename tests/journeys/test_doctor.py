"""pli doctor as an operator sees it: a line for each thing, what to do, and an exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pli import keys as key_ring
from pli.checks import State
from tests.journeys.installation import Installation, Said
from tests.nameserver import SOUND, answering
from tests.relay import Relay
from tests.servers import PostgreSQL, free_port
from tests.waiting import until


@pytest.fixture
def resolver() -> Iterator[str]:
    with answering(SOUND) as server:
        yield server


def by_name(said: Said) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for check in said.json["checks"]:
        found.setdefault(check["check"], []).append(check)
    return found


def errors(said: Said) -> list[str]:
    return [it["check"] for it in said.json["checks"] if it["state"] == State.ERROR.value]


def words(text: str) -> str:
    return " ".join(text.split())


def setting(installation: Installation, line: str) -> None:
    name = line.partition(" ")[0]
    file = installation.folder / "pli.toml"
    kept = [it for it in file.read_text().splitlines() if it.partition(" ")[0] != name]
    file.write_text("\n".join([line, *kept]) + "\n")


def test_a_sound_installation_is_fine(
    installation: Installation, relay: Relay, resolver: str
) -> None:
    said = installation.pli("doctor", "--resolver", resolver, "--json")
    assert (said.json["ok"], said.json["errors"]) == (True, 0)
    assert set(by_name(said)) == {
        "settings", "themes", "keys", "database", "clock", "workers",
        "disk.database", "disk.journal",
        "relay.connect", "relay.tls", "relay.login", "relay.features", "relay.size",
        "relay.sender", "dns.mx", "dns.spf", "dns.dmarc", "answers",
    }  # fmt: skip
    assert relay.received == []
    shown = words(installation.pli("doctor", "--resolver", resolver).out)
    assert "Nothing stands in the way of a sending." in shown
    assert "no member can reach its links → for real letters" in shown


def test_the_doctor_speaks_french(installation: Installation, resolver: str) -> None:
    shown = installation.pli("doctor", "--resolver", resolver, LC_ALL="fr_FR.UTF-8").out
    assert "Rien n’empêche un envoi." in shown
    assert "personne n’envoie" in shown


def test_a_message_to_oneself_is_sent_where_it_is_asked_for(
    installation: Installation, relay: Relay, resolver: str
) -> None:
    said = installation.pli(
        "doctor", "--resolver", resolver, "--send-to", "moi@example.org", "--json"
    )
    assert "moi@example.org" in by_name(said)["relay.message"][0]["message"]
    assert relay.recipients == {"moi@example.org": 1}
    refused = installation.pli("doctor", "--send-to", "moi", code=1)
    assert refused.err.count("\n") == 1


def test_without_an_installation_it_says_where_to_begin(tmp_path: Path) -> None:
    installation = Installation(tmp_path, free_port())
    said = installation.pli("doctor", "--json", code=1)
    assert {"settings", "keys", "database"} <= set(errors(said))
    assert "pli init" in installation.pli("doctor", code=1).out


@pytest.mark.parametrize(
    ("line", "name", "told"),
    [
        ('relay_url = "smtp://127.0.0.1:1?tls=none"', "relay.connect", "nobody answers"),
        ('relay_url = "http://127.0.0.1"', "relay", "smtp://"),
        ('sender = "no address"', "settings", "sender"),
        ('committee = ""', "settings", "committee"),
        ('colour = "red"', "settings", "no such setting"),
        ('database_url = "sqlite:///none.db"', "database", "no such database"),
        ('database_url = "sqlite:///folder"', "database", "cannot be used"),
        ('keys_file = "folder"', "keys", "cannot be read"),
        ('journal_folder = "pli.keys"', "disk.journal", "cannot be written to"),
    ],
)
def test_what_would_stop_a_sending_is_an_error(
    line: str, name: str, told: str, installation: Installation, resolver: str
) -> None:
    (installation.folder / "folder").mkdir()
    setting(installation, line)
    said = installation.pli("doctor", "--resolver", resolver, "--json", code=1)
    assert set(errors(said)) == {name}
    assert told in by_name(said)[name][0]["message"]


def test_keys_that_others_can_read_and_other_keys_are_errors(
    installation: Installation, resolver: str
) -> None:
    keys = installation.folder / "pli.keys"
    keys.chmod(0o644)
    said = installation.pli("doctor", "--resolver", resolver, "--json", code=1)
    assert errors(said) == ["keys"]
    assert "chmod 600" in by_name(said)["keys"][0]["message"]
    keys.unlink()
    key_ring.write(key_ring.generate(), keys)
    said = installation.pli("doctor", "--resolver", resolver, "--json", code=1)
    assert errors(said) == ["database"]
    assert "not this database's" in by_name(said)["database"][0]["message"]


def test_a_password_that_others_can_read_is_a_warning(
    installation: Installation, resolver: str
) -> None:
    setting(installation, 'relay_url = "smtp://user:secret@127.0.0.1:1?tls=none"')
    (installation.folder / "pli.toml").chmod(0o644)
    said = installation.pli("doctor", "--resolver", resolver, "--json", code=1)
    assert any("chmod 600" in (it["remedy"] or "") for it in by_name(said)["settings"])
    assert "secret" not in said.out


def test_the_doctor_tells_who_sends_who_is_gone_and_what_waits_for_a_person(
    installation: Installation, resolver: str
) -> None:
    installation.members(3)
    installation.pli("send", installation.letter(), "--list", "comite", "--yes")
    ask = ("doctor", "--resolver", resolver, "--json")
    with installation.serving():
        until(lambda: "pli serve" in by_name(installation.pli(*ask))["workers"][0]["message"])
    database = sqlite3.connect(installation.folder / "pli.db")
    with database:
        database.execute(
            "INSERT INTO worker (host, pid, command, version, relay, started_at, seen_at, batches,"
            " settled, rate) VALUES ('elsewhere', 7, 'pli serve', '0', '', datetime('now', '-1"
            " hour') || '.000000', datetime('now', '-10 minutes') || '.000000', 0, 0, 0)"
        )
        database.execute("UPDATE campaign SET state = 'running'")
    said = installation.pli(*ask, code=1)
    assert "elsewhere, 7" in by_name(said)["workers"][1]["message"]
    assert "nobody sends" in by_name(said)["campaigns"][0]["message"]
    with database:
        database.execute(
            "UPDATE campaign SET state = 'paused', reason = "
            """'{"text": "the relay {relay} is tired", "values": {"relay": "mx:25"}}'"""
        )
    database.close()
    (paused,) = by_name(installation.pli(*ask))["campaigns"]
    assert paused["state"] == "warning"
    assert "the relay mx:25 is tired" in paused["message"]
    assert "pli campaign resume 1" in paused["remedy"]


def test_the_doctor_checks_postgresql_when_it_runs_and_when_it_does_not(
    installation: Installation, postgresql: PostgreSQL, resolver: str
) -> None:
    name = f"d{uuid.uuid4().hex[:12]}"
    asyncio.run(postgresql.execute(f"CREATE DATABASE {name}"))
    setting(installation, f'database_url = "{postgresql.url(name)}"')
    ask = ("doctor", "--resolver", resolver, "--json")
    assert "pli db upgrade" in by_name(installation.pli(*ask, code=1))["database"][0]["message"]
    installation.pli("db", "upgrade")
    told = by_name(installation.pli(*ask))
    assert "PostgreSQL" in told["database"][0]["message"]
    assert "disk.database" not in told
    with installation.running("worker") as worker:
        until(lambda: "pli worker" in by_name(installation.pli(*ask))["workers"][0]["message"])
        os.kill(worker.pid, signal.SIGTERM)
        worker.wait(20)
    asyncio.run(postgresql.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    assert "only be read" in by_name(installation.pli(*ask, code=1))["database"][0]["message"]
    setting(installation, f'database_url = "postgresql://pli@127.0.0.1:{free_port()}/pli"')
    assert errors(installation.pli(*ask, code=1)) == ["database"]
