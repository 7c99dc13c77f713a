"""pli user, and --by of the other commands, from the outside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from commands import acting
from pli import keys as key_ring
from pli.errors import PliError
from tests.commands.invoking import pli

SETTINGS = 'committee = "Comité"\npublic_url = "https://lettres.example.org"\n'
ANNE = ("anne@example.org", "--name", "Anne Essai")
ON = ("--list", "comite", "--basis", "member", "--source", "téléphone")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, keys and a database with one list, in which "odile" works."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(acting, "login", lambda: "odile")
    key_ring.write(key_ring.generate(), tmp_path / "pli.keys")
    (tmp_path / "pli.toml").write_text(SETTINGS)
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")
    done("list", "new", "comite")
    return tmp_path


def done(*words: str) -> str:
    """Run a command that must succeed; what it says."""
    result = pli(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: str) -> str:
    """Run a command that must be refused; the reason."""
    result = pli(*words)
    assert isinstance(result.exception, PliError), result.output
    return str(result.exception)


def read(*words: str) -> Any:
    return json.loads(done(*words, "--json"))


def rights_of(address: str) -> dict[str, Any]:
    (found,) = [it for it in read("user", "list") if it["address"] == address]
    rights: dict[str, Any] = found["rights"]
    return rights


def test_somebody_is_let_in_with_several_rights_by_a_link_in_the_office(folder: Path) -> None:
    said = done("user", "add", *ANNE, "--role", "author", "--role", "sender", "--role", "author")
    assert "Anne Essai (anne@example.org) is invited." in said
    assert said.splitlines()[-1].startswith("https://lettres.example.org/office/link/")
    assert rights_of("anne@example.org") == {"author": "all", "sender": "all"}
    (folder / "pli.toml").write_text(SETTINGS + 'office_url = "https://bureau.example.org/"\n')
    made = read("user", "reset", "anne@example.org")
    assert made["link"].startswith("https://bureau.example.org/office/link/")
    (anne,) = read("user", "list")
    assert (anne["state"], anne["created_by"]) == ("invited", "odile")


def test_rights_are_given_on_the_lists_that_are_named() -> None:
    done("list", "new", "bureau")
    done("user", "add", *ANNE, "--role", "reader", "--list", "comite", "--list", "bureau")
    assert rights_of("anne@example.org") == {"reader": ["bureau", "comite"]}
    done("user", "role", "anne@example.org", "--remove", "reader", "--list", "bureau")
    said = done("user", "role", "anne@example.org", "--add", "keeper", "--list", "bureau")
    assert "keeper (bureau); reader (comite)" in said
    done("user", "role", "anne@example.org", "--remove", "keeper", "--add", "who")
    assert rights_of("anne@example.org") == {"reader": ["comite"], "who": "all"}
    again = refused("user", "role", "anne@example.org", "--add", "who")
    assert "that changes nothing" in again
    unclear = refused("user", "role", "anne@example.org", "--remove", "who", "--list", "comite")
    assert "is held on all lists" in unclear


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("anne", "--name", "A", "--role", "author"), "there is no @"),
        ((*ANNE[:2], " ", "--role", "author"), "needs the name"),
        ((*ANNE, "--role", "author", "--list", "comte"), 'no list called "comte"'),
        ((*ANNE, "--role", "author", "--role", "operator", "--list", "comite"), "for all lists"),
        ((*ANNE, "--role", "author", "--by", "jean@example.org"), "nobody of the office"),
    ],
)
def test_an_account_is_made_whole_or_not_at_all(words: tuple[str, ...], told: str) -> None:
    assert told in refused("user", "add", *words)
    assert read("user", "list") == []
    assert [it["action"] for it in read("audit")["events"]] == ["list_made"]


def test_a_link_needs_an_address_to_lead_to(folder: Path) -> None:
    (folder / "pli.toml").write_text('committee = "Comité"\n')
    assert "public_url is not set" in refused("user", "add", *ANNE, "--role", "author")
    assert read("user", "list") == []


def test_misuse_is_told_as_misuse() -> None:
    for words in (
        ("add", *ANNE),
        ("add", *ANNE, "--role", "king"),
        ("role", "anne@example.org"),
        ("role", "anne@example.org", "--add", "who", "--remove", "who"),
    ):
        assert pli("user", *words).exit_code == 2


def test_an_account_is_closed_and_opened_again_and_begins_anew() -> None:
    told = pli("user", "add", *ANNE, "--role", "author")
    assert "Nobody may manage the accounts yet" in told.stderr
    assert "somebody of the office has that address" in refused(
        "user", "add", *ANNE, "--role", "who"
    )
    assert "is not closed" in refused("user", "reopen", "ANNE@example.org")
    assert "0 sessions" in done("user", "end-sessions", "anne@example.org")
    done("user", "close", "anne@example.org")
    assert "closed already" in refused("user", "close", "anne@example.org")
    assert "pli user reopen" in refused("user", "reset", "anne@example.org")
    assert "reopen it" in refused("user", "add", *ANNE, "--role", "author")
    assert "pli user reset anne@example.org" in done("user", "reopen", "anne@example.org")
    assert "neither password nor passkey" in done("user", "reset", "anne@example.org")
    assert "nobody of the office has that address" in refused("user", "close", "x@example.org")


def test_somebody_who_may_manage_accounts_is_left() -> None:
    told = pli("user", "add", *ANNE, "--role", "operator", "--role", "author")
    assert told.stderr == ""
    for words in (
        ("close", ANNE[0]),
        ("role", ANNE[0], "--remove", "operator", "--remove", "author"),
    ):
        assert "nobody would be left" in refused("user", *words)
    assert rights_of(ANNE[0]) == {"author": "all", "operator": "all"}
    done("user", "add", "jean@example.org", "--name", "Jean", "--role", "operator")
    done("user", "close", ANNE[0])


def test_what_the_office_does_names_who_and_that_the_command_line_said_so() -> None:
    done("subscriber", "add", "p@example.org", *ON)
    done("user", "add", *ANNE, "--role", "keeper")
    done("subscriber", "add", "q@example.org", *ON, "--by", ANNE[0])
    done("subscriber", "unsubscribe", "q@example.org", "--list", "comite", "--by", ANNE[0])
    done("subscriber", "suppress", "q@example.org", "--by", ANNE[0])
    done("subscriber", "lift", "q@example.org", "--by", ANNE[0])
    done("list", "edit", "comite", "--title", "Comité", "--by", ANNE[0])
    by = "Anne Essai (#1, odile)"
    consent = read("subscriber", "show", "q@example.org")["consent"]
    assert [it["entered_by"] for it in consent] == [by, by]
    assert [it["entered_by"] for it in read("subscriber", "show", "p@example.org")["consent"]] == [
        "odile"
    ]
    assert "Anne Essai, as odile said on the command" in done("subscriber", "show", "q@example.org")
    events = read("audit", "--who", ANNE[0])["events"]
    assert [it["action"] for it in events] == ["list_changed", "lifted", "barred"]
    assert {it["by"] for it in events} == {by}
    done("user", "close", ANNE[0])
    assert "nobody of the office has an account" in refused(
        "subscriber", "suppress", "q@example.org", "--by", ANNE[0]
    )


def test_each_view_of_people_leaves_a_trace_before_anything_is_shown() -> None:
    for name in ("p", "q"):
        done("subscriber", "add", f"{name}@example.org", *ON)
    done("subscriber", "suppress", "q@example.org")
    done("subscriber", "unsubscribe", "p@example.org", "--list", "comite")
    before = read("audit")["events"][0]["id"]
    done("subscriber", "show", "p@example.org")
    done("subscriber", "find", "example", "--json")
    done("subscriber", "left")
    done("subscriber", "suppressed")
    done("segment", "count", 'not email = "x@example.org"')
    for words in (
        ("show", "nobody@example.org"),
        ("show", "p@example.org", "--by", "jean@example.org"),
        ("find", "example", "--by", "jean@example.org"),
    ):
        result = pli("subscriber", *words)
        assert isinstance(result.exception, PliError)
        assert "p@example.org" not in result.stdout
    done("subscriber", "find", "personne")
    seen = [it for it in reversed(read("audit")["events"]) if it["id"] > before]
    assert [(it["action"], it["object"], it["count"], it["why"]) for it in seen] == [
        ("person_viewed", 1, None, "show"),
        ("people_viewed", None, 2, "find"),
        ("people_viewed", None, 1, "left"),
        ("people_viewed", None, 1, "suppressed"),
        ("people_viewed", None, 2, "segment"),
    ]
    of_p = read("audit", "--person", "P@example.org")["events"]
    assert [(it["action"], it["by"]) for it in of_p] == [("person_viewed", "odile")]


def test_the_audit_is_shown_in_words_and_in_part() -> None:
    done("user", "add", *ANNE, "--role", "keeper", "--list", "comite")
    shown = " ".join(done("audit").split())
    assert "gave a right account 1 (Anne" in shown
    part = read("audit", "--limit", "1")
    assert (len(part["events"]), part["more"]) == (1, True)
    assert "--limit shows more" in done("audit", "--limit", "1")
    assert read("audit", "--since", "0001-01-01")["events"] == read("audit")["events"]
    assert read("audit", "--since", "31/12/9999")["events"] == []
    assert "Nothing of that kind" in done("audit", "--who", ANNE[0])
    assert "is not a date" in refused("audit", "--since", "hier")
    assert "nobody of the office" in refused("audit", "--who", "x@example.org")


def test_the_login_is_the_processs_user_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert acting.login() not in ("somebody-else", "")
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)
    assert acting.login() == str(2**31 - 7)
