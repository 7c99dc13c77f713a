"""This version goes on with an installation of an earlier one, killed in the middle of a letter."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import re
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mailer.engine.journal import boot_id
from tests.journeys.installation import Installation
from tests.relay import Relay
from tests.servers import PostgreSQL, free_port

SPECIMEN = Path(__file__).parents[1] / "specimens" / "upgrades" / "f7a0129"
TAKEN: dict[str, dict[str, str]] = json.loads((SPECIMEN / "taken.json").read_text())
ROOM = 128 * 1024
SEND = ("send", "lettre-294.md", "--list", "comite", "--yes", "--json")

PUT_OFF = "denis@example.org"
NEVER_TRIED = "omar@lent.example.org"
CLAIMED = {"karim@example.org", "lea@example.org"}
DOUBTED = {"clara@example.org", "jules@example.org"}


def restored(folder: Path, relay: Relay, *, rebooted: bool) -> Installation:
    """The specimen in a folder of its own, with this relay."""
    installation = Installation(folder, free_port())
    written = {it.name: it.read_text("utf-8") for it in SPECIMEN.iterdir()}
    (there,) = re.findall(r"smtp://([\d.:]+)", written["pli.toml.txt"])
    here = f"127.0.0.1:{relay.port}"
    settings = written["pli.toml.txt"].replace(there, here)
    # Omar's provider takes two copies an hour, and the specimen may be younger than an hour.
    settings = settings.replace("per_hour = 2", "per_hour = 3")
    (folder / "pli.toml").write_text(settings.replace("8080", str(installation.port)), "utf-8")
    (folder / "pli.keys").write_text(written["pli.keys.txt"])
    (folder / "pli.keys").chmod(0o600)
    (folder / "lettre-294.md").write_text(written["lettre-294.md.txt"], "utf-8")
    with closing(sqlite3.connect(folder / "pli.db")) as database:
        database.executescript(written["installation.sql"].replace(there, here))
    (folder / "pli.journal").mkdir()
    for name, text in json.loads(written["journal.json"]).items():
        header, newline, notes = base64.b64decode(text).partition(b"\n")
        if newline:
            boot = "another start of it" if rebooted else boot_id()
            header = json.dumps(json.loads(header) | {"relay": here, "boot": boot}).encode()
            notes = notes.ljust(ROOM, b"\0")
        (folder / "pli.journal" / name).write_bytes(header + newline + notes)
    return installation


def ends(installation: Installation, **environment: str) -> dict[str, dict[str, str]]:
    """Each person's row of the report."""
    said = installation.pli("report", "letter:294", "--format", "csv", code=None, **environment)
    return {row["email"]: row for row in csv.DictReader(io.StringIO(said.out))}


def has_gone_on(
    installation: Installation, relay: Relay, told: Any, *, rebooted: bool, **environment: str
) -> None:
    """Each person who may receive has one copy, nobody has two, and the balance is right."""
    doubted = DOUBTED | CLAIMED if rebooted else DOUBTED
    expected = {PUT_OFF, NEVER_TRIED} if rebooted else {PUT_OFF, NEVER_TRIED, *CLAIMED}
    assert relay.recipients == dict.fromkeys(expected, 1)
    assert told["state"] == "finished"
    assert told["balanced"]
    assert (told["candidates"], told["excluded"]) == (17, {"left": 1, "suppressed": 1})
    assert (told["failed"], told["skipped"]) == (1, 0)
    rows = ends(installation, **environment)
    assert {it for it, row in rows.items() if row["status"] == "sent"} == {*TAKEN, *expected}
    assert {it for it, row in rows.items() if row["status"] == "uncertain"} == doubted
    assert rows["elise@example.org"]["reason"] == "unknown_user"
    assert {it: rows[it]["message_id"] for it in TAKEN} == {
        it: said["message_id"] for it, said in TAKEN.items()
    }


@pytest.mark.parametrize("rebooted", [False, True], ids=["at once", "after a reboot"])
def test_a_campaign_half_sent_by_the_version_before_goes_on(
    rebooted: bool, tmp_path: Path, relay: Relay
) -> None:
    installation = restored(tmp_path, relay, rebooted=rebooted)
    assert 'run "pli db upgrade"' in installation.pli(*SEND, code=1).err
    installation.pli("db", "upgrade")
    told = installation.pli(*SEND, code=None).json
    has_gone_on(installation, relay, told, rebooted=rebooted)
    assert not list((tmp_path / "pli.journal").glob("*.taking"))


def test_links_in_copies_of_the_version_before_still_work(tmp_path: Path, relay: Relay) -> None:
    installation = restored(tmp_path, relay, rebooted=False)
    installation.pli("db", "upgrade")
    installation.pli("campaign", "pause", "letter:294")
    with installation.serving():
        for address in ("adele@example.org", "ines@example.org"):
            link = f"{installation.public_url}/u/{TAKEN[address]['unsubscribe']}"
            assert installation.get(link.removeprefix(installation.public_url))[0] == 200
            assert installation.post(link, **{"List-Unsubscribe": "One-Click"})[0] == 200
            shown = installation.pli("subscriber", "show", address, "--json").json
            assert shown["subscriptions"][0]["state"] == "left"
    assert relay.received == []


def test_a_campaign_of_the_version_before_goes_on_in_postgresql(
    tmp_path: Path, relay: Relay, postgresql: PostgreSQL
) -> None:
    installation = restored(tmp_path, relay, rebooted=False)
    installation.pli("db", "upgrade")
    name = f"u{uuid.uuid4().hex[:12]}"
    asyncio.run(postgresql.execute(f"CREATE DATABASE {name}"))
    moved = {"PLI_DATABASE_URL": postgresql.url(name)}
    installation.pli("db", "copy", "--to", moved["PLI_DATABASE_URL"])
    told = installation.pli(*SEND, code=None, **moved).json
    has_gone_on(installation, relay, told, rebooted=False, **moved)
