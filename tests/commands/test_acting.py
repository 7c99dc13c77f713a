"""--by: who is named must hold the right, and what that person did is kept."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accounts.abilities import Right
from commands import acting
from pli import keys as key_ring
from pli.database import Database
from pli.errors import PliError
from tests import factories as make
from tests.clock import NOW
from tests.commands.invoking import pli

SETTINGS = """
committee = "Comité"
address = "1 rue de l’Essai, 35000 Rennes"
phone = "02 00 00 00 00"
email = "contact@example.org"
public_url = "https://lettres.example.org"
relay_url = "smtp://127.0.0.1:9?tls=none"
"""
OF_LISTS = (Right.AUTHOR, Right.SENDER, Right.KEEPER, Right.READER, Right.WHO)
P = "p@example.org"

ON_BOTH_LISTS = (
    ("campaign", "approve", "2", "--yes"),
    ("campaign", "schedule", "2", "--at", "2099-05-01 08:00"),
    ("campaign", "hours", "2", "--quiet", "22:00-06:00"),
    ("campaign", "start", "2", "--yes"),
    ("campaign", "pause", "1"),
    ("campaign", "resume", "1"),
    ("campaign", "retry", "1", "--failed", "--yes"),
    ("campaign", "settle", "1", "--log", "mail.log"),
    ("campaign", "cancel", "1", "--yes"),
    ("report", "1", "--json"),
    ("report", "1", "--format", "csv"),
    ("subscriber", "edit", P, "--set", "age=42"),
    ("subscriber", "edit", P, "--address", "q@example.org"),
    ("subscriber", "suppress", "--campaign", "1"),
    ("subscriber", "lift", "--campaign", "1"),
)
ON_ALL_LISTS = (
    ("list", "new", "troisieme"),
    ("subscriber", "suppress", "r@example.org"),
    ("subscriber", "lift", "r@example.org"),
    ("subscriber", "show", P),
    ("subscriber", "find", "example"),
    ("subscriber", "left"),
    ("subscriber", "suppressed"),
    ("segment", "save", "vieux", "age = 41"),
    ("segment", "count", "age = 41"),
    ("attribute", "edit", "age", "--type", "number", "--yes"),
)
ON_THE_OTHER_LIST = (
    ("subscriber", "add", "s@example.org", "--list", "autres", "--basis", "member"),
    ("subscriber", "unsubscribe", P, "--list", "autres"),
    ("subscriber", "import", "p.csv", "--list", "autres", "--basis", "member", "--yes"),
    ("list", "edit", "autres", "--title", "Autres"),
    ("campaign", "create", "lettre.md", "--list", "comite", "--list", "autres"),
    ("send", "lettre.md", "--list", "comite", "--list", "autres", "--yes"),
    ("send", "lettre.md", "--list", "autres", "--test", "x@example.org"),
)
OF_AN_OPERATOR = (
    ("user", "add", "x@example.org", "--name", "X", "--role", "author"),
    ("user", "role", "wilma@example.org", "--add", "author"),
    ("user", "close", "wilma@example.org"),
    ("user", "reopen", "wilma@example.org"),
    ("user", "end-sessions", "wilma@example.org"),
    ("user", "reset", "wilma@example.org"),
    ("list", "edit", "comite", "--relay", "all"),
)
KEPT = {
    "list new": "list_made",
    "list edit": "list_changed",
    "campaign schedule": "scheduled",
    "campaign hours": "hours_changed",
    "campaign start": "started",
    "campaign pause": "paused",
    "campaign resume": "resumed",
    "campaign cancel": "cancelled",
    "report 1": "people_viewed",
    "subscriber edit": "person_changed",
    "subscriber suppress": "barred",
    "subscriber lift": "lifted",
    "subscriber show": "person_viewed",
    "subscriber find": "people_viewed",
    "segment save": "segment_saved",
    "attribute edit": "attribute_typed",
}
"""What the audit keeps of a command that was done, beside what it always kept."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation: wilma has rights on one list, max on all, olga manages accounts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(acting, "login", lambda: "odile")
    keys = key_ring.generate()
    key_ring.write(keys, tmp_path / "pli.keys")
    (tmp_path / "pli.toml").write_text(SETTINGS)
    (tmp_path / "mail.log").write_text("Nov 28 10:00:00 mail postfix/smtp[1]: nothing\n")
    (tmp_path / "p.csv").write_text("email\ns@example.org\n")
    (tmp_path / "lettre.md").write_text(make.FRONT + "Bonjour.\n")
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")
    asyncio.run(_fill(tmp_path, keys))
    # An attribute comes with a file.
    (tmp_path / "ages.csv").write_text(f"email;age\n{P};41\n")
    from_file = ("--list", "comite", "--basis", "member", "--source", "x", "--yes")
    done("subscriber", "import", "ages.csv", *from_file)
    return tmp_path


async def _fill(folder: Path, keys: Any) -> None:
    database = Database(f"sqlite+aiosqlite:///{folder}/pli.db")
    async with database.begin() as session:
        both = [await make.a_list(session, it, now=NOW) for it in ("comite", "autres")]
        await make.a_person(session, keys, "p", *both, now=NOW)
        await make.a_campaign(session, keys, both, now=NOW)
        further = replace(make.letter(), number=301)
        await make.a_draft(session, keys, both, of=further, now=NOW)
        await make.an_account(session, "wilma", *OF_LISTS, lists=[both[0].id], now=NOW)
        await make.an_account(session, "max", *OF_LISTS, now=NOW)
        await make.an_account(session, "olga", Right.OPERATOR, now=NOW)
    await database.close()


def done(*words: str) -> str:
    result = pli(*words)
    assert result.exit_code == 0, (words, result.output, result.exception)
    return result.stdout


def by(name: str, words: tuple[str, ...]) -> Any:
    source = ("--source", "x") if "--basis" in words else ()
    return pli(*words, *source, "--by", f"{name}@example.org")


def events() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(done("audit", "--limit", "500", "--json"))["events"]
    return found


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("wilma", (*ON_BOTH_LISTS, *ON_ALL_LISTS, *ON_THE_OTHER_LIST, *OF_AN_OPERATOR)),
        ("olga", (*ON_BOTH_LISTS, *ON_ALL_LISTS, *ON_THE_OTHER_LIST)),
        ("max", OF_AN_OPERATOR),
    ],
    ids=["on one list only", "an operator", "no operator"],
)
def test_who_lacks_the_right_is_refused_in_one_line_and_nothing_is_done(
    name: str, commands: tuple[tuple[str, ...], ...]
) -> None:
    before = events()
    for words in commands:
        result = by(name, words)
        assert isinstance(result.exception, PliError), (words, result.output)
        (said,) = result.exception.lines("en")
        assert said.startswith(f"{name.capitalize()} may not do that: it takes the right "), words
        assert P not in result.stdout
    assert events() == before


def test_what_is_done_in_somebodys_name_is_kept_as_said_on_the_command_line() -> None:
    for words in (*ON_ALL_LISTS, *ON_BOTH_LISTS):
        if words[1] == "start":
            continue  # its draft waits for its hour now: see below
        before = events()[0]["id"]
        result = by("max", words)
        assert result.exit_code == 0, (words, result.output, result.exception)
        kept = KEPT.get(" ".join(words[:2]))
        new = [it for it in events() if it["id"] > before]
        if kept and words != ("report", "1", "--json"):
            assert [it["action"] for it in new[:1]] == [kept] * len(new[:1]), words
        assert {it["by"] for it in new} <= {"Max (#2, odile)"}, words
    edits = [it for it in events() if it["action"] == "person_changed"]
    assert [it["why"] for it in edits] == ["address", "age"]
    told = " ".join(done("audit").split())
    assert "cancelled a" in told
    assert "Max, as odile said" in told


def test_an_approved_draft_is_started_in_somebodys_name() -> None:
    done("campaign", "approve", "2", "--by", "max@example.org", "--yes")
    done("campaign", "start", "2", "--by", "max@example.org", "--yes")
    assert [(it["action"], it["object"]) for it in events()[:1]] == [("started", 2)]


def test_a_reader_is_told_numbers_and_no_addresses() -> None:
    done("user", "add", "remi@example.org", "--name", "Rémi", "--role", "reader")
    assert json.loads(by("remi", ("report", "1", "--json")).stdout)["campaign"] == 1
    refused = by("remi", ("report", "1", "--format", "csv"))
    assert '"who" on each list' in str(refused.exception)
    assert "@" not in refused.stdout
