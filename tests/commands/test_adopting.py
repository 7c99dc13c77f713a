"""pli db adopt from the outside, and what is refused before it."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailer.campaign import adoption, scheduling
from pli import keys as key_ring
from pli import schema
from pli.database import Database, check_keys
from pli.errors import PliError
from pli.language import say
from tests import factories as make
from tests.commands.invoking import pli

SETTINGS = """committee = "Comité"
address = "1 place du Marché, 44000 Ville"
phone = "02 00 00 00 00"
email = "contact@example.org"
relay_url = "smtp://127.0.0.1:9?tls=none"
public_url = "http://127.0.0.1:9"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose database is at home, with a campaign that runs and one that is scheduled."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    keys = key_ring.generate()
    key_ring.write(keys, here / "pli.keys")
    (here / "pli.toml").write_text(SETTINGS)
    (here / "pli.toml").chmod(0o600)
    now = datetime.now(UTC)

    async def fill() -> None:
        database = Database(f"sqlite+aiosqlite:///{here}/pli.db")
        await schema.upgrade(database)
        async with database.begin() as session:
            await check_keys(session, keys)
            members = await make.a_list(session, "comite", now=now)
            await make.members(session, keys, members, 3, now=now)
            await make.a_campaign(session, keys, [members], now=now)
            later = make.letter(number=295)
            draft = await make.a_draft(session, keys, [members], of=later, now=now)
            at = now + timedelta(hours=1)
            await scheduling.schedule(session, campaign_id=draft.id, at=at, zone="Europe/Paris")
        await database.close()

    asyncio.run(fill())
    return here


@pytest.fixture
def copy(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, in which one works."""
    there = tmp_path / "there"
    shutil.copytree(folder, there)
    monkeypatch.chdir(there)
    return there


def refusal(*words: str) -> str:
    told = pli(*words)
    assert told.exit_code == 1
    assert isinstance(told.exception, PliError), told.exception
    return str(told.exception)


def held_by(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


def hold() -> None:
    """As a process that found this database to be a stranger."""

    async def held() -> None:
        database = Database(f"sqlite+aiosqlite:///{Path.cwd()}/pli.db")
        async with database.begin() as session:
            await adoption.hold(session, why=say("it is a copy"))
        await database.close()

    asyncio.run(held())


def state(campaign: int) -> tuple[str, str | None]:
    shown = json.loads(pli("campaign", "show", str(campaign), "--json").stdout)
    return shown["state"], shown["reason"]


@pytest.mark.usefixtures("folder")
def test_a_database_at_home_has_nothing_to_adopt() -> None:
    assert pli("db", "adopt").stdout == "The database is at home here: there is nothing to adopt.\n"
    assert json.loads(pli("db", "adopt", "--json").stdout)["adopted"] is False
    assert pli("campaign", "resume", "1").exit_code == 0


LETTER = """---
number: 300
title: Une lettre
subject: Une autre lettre du comité
date: 2026-11-24
preheader: Les nouvelles du mois, à lire en une seule minute
---

# Bonjour

Bonjour.
"""


def test_nothing_is_sent_from_a_copy_before_it_is_adopted(copy: Path) -> None:
    (copy / "l.md").write_text(LETTER)
    for words in (
        ("send", "l.md", "--list", "comite", "--yes"),
        ("send", "l.md", "--list", "comite", "--test", "moi@example.org"),
        ("campaign", "start", "2", "--yes"),
        ("campaign", "resume", "1"),
        ("campaign", "schedule", "2", "--at", "2099-01-01 08:00"),
        ("campaign", "retry", "1", "--failed", "--yes"),
        ("db", "copy", "--to", "postgresql://127.0.0.1/x"),
    ):
        assert '"pli db adopt"' in refusal(*words), words
    # What takes nothing from anybody goes on.
    assert pli("campaign", "pause", "1").exit_code == 0
    assert pli("campaign", "cancel", "2", "--yes").exit_code == 0
    assert pli("subscriber", "show", "p0@example.org").exit_code in (0, 1)


def test_the_doctor_names_a_stranger_and_writes_nothing(copy: Path) -> None:
    before = held_by(copy / "pli.db")
    told = json.loads(pli("doctor", "--json").stdout)
    (found,) = [it for it in told["checks"] if it["check"] == "database.home"]
    assert found["state"] == "error"
    assert "copy" in found["message"]
    assert "pli db adopt" in found["remedy"]
    assert held_by(copy / "pli.db") == before


@pytest.mark.usefixtures("copy")
def test_adopting_says_what_may_be_sent_twice_and_asks() -> None:
    assert "There is no terminal to ask" in refusal("db", "adopt")
    told = pli("db", "adopt", "--yes").stdout
    assert "campaign 1 (letter 294): 0 of 3 have it" in told
    assert "campaign 2 (letter 295)" in told
    assert told.count("up to 3 people get it twice") == 2
    assert json.loads(pli("db", "adopt", "--json").stdout)["adopted"] is False
    assert state(1) == ("running", None)
    assert state(2) == ("scheduled", None)
    assert pli("campaign", "resume", "1").exit_code == 0


@pytest.mark.usefixtures("copy")
def test_what_is_held_in_a_database_at_home_is_let_go_by_adopting() -> None:
    """Another machine held it, or the database was adopted with --paused before."""
    hold()
    pli("db", "adopt", "--yes", "--paused")
    assert state(1)[0] == "paused"
    assert pli("db", "adopt", "--paused").stdout.endswith("there is nothing to adopt.\n")
    assert "There is no terminal to ask" in refusal("db", "adopt")
    told = pli("db", "adopt", "--yes").stdout
    assert "campaigns of it are held" in told
    assert "campaign 1 (letter 294): 0 of 3 have it" in told
    assert state(1) == ("running", None)
    assert state(2) == ("scheduled", None)
    assert pli("db", "adopt").stdout.endswith("there is nothing to adopt.\n")


@pytest.mark.usefixtures("copy")
def test_what_a_person_paused_stays_paused_when_the_rest_is_let_go() -> None:
    pli("campaign", "pause", "1")
    hold()
    pli("db", "adopt", "--yes", "--paused")
    told = json.loads(pli("db", "adopt", "--yes", "--json").stdout)
    assert [it["campaign"] for it in told["campaigns"]] == [2]
    assert state(1) == ("paused", None)


@pytest.mark.usefixtures("copy")
def test_adopting_as_json() -> None:
    told = json.loads(pli("db", "adopt", "--yes", "--json").stdout)
    assert told["adopted"] is True
    assert [(it["campaign"], it["may_be_doubled"], it["goes_on"]) for it in told["campaigns"]] == [
        (1, 3, True),
        (2, 3, True),
    ]


def test_a_backup_is_held_wherever_it_is_brought_back(folder: Path) -> None:
    said = pli("db", "backup", "kept.db").stdout
    assert "kept.db" in said
    assert state(1) == ("running", None)
    shutil.copy(folder / "kept.db", folder / "pli.db")
    for wal in folder.glob("pli.db-*"):
        wal.unlink()
    held, reason = state(1)
    assert held == "paused"
    assert reason is not None
    assert reason.startswith("from a backup of 20")
    assert state(2)[1] == reason
    assert '"pli db adopt"' in refusal("campaign", "resume", "1")
    pli("db", "adopt", "--yes", "--paused")
    assert state(1) == ("paused", reason)
    assert pli("campaign", "resume", "1").exit_code == 0
    assert state(1) == ("running", None)


def test_a_copy_in_which_nothing_was_begun_is_at_home_where_it_is_opened(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for campaign in ("1", "2"):
        pli("campaign", "cancel", campaign, "--yes")
    shutil.copytree(folder, tmp_path / "there")
    monkeypatch.chdir(tmp_path / "there")
    (tmp_path / "there" / "l.md").write_text(LETTER)
    pli("campaign", "create", "l.md", "--list", "comite")
    made = pli("campaign", "schedule", "3", "--at", "2099-01-01 08:00")
    assert made.exit_code == 0, made.output
    assert not [
        it for it in json.loads(pli("doctor", "--json").stdout)["checks"]
        if it["check"] == "database.home"
    ]  # fmt: skip
