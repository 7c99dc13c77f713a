"""What is asked at a terminal: passwords without an echo, and an answer of no."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import pytest

from commands import common, setup
from mailer.smtp.relay import Relay
from pli.errors import PliError
from tests.commands.invoking import pli

Answers = Callable[..., list[dict[str, Any]]]
COMMITTEE = (
    "--committee", "Comité", "--address", "1 place du Marché, 44000 Ville", "--phone", "02",
    "--email", "comite@example.org", "--public-url", "https://lettres.example.org",
)  # fmt: skip


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """A person at the terminal who types these lines; how each was asked for."""

    def typed(*lines: str, accounts: Sequence[str] = ("",)) -> list[dict[str, Any]]:
        asked: list[dict[str, Any]] = []
        addresses = list(accounts)
        left = list(lines)

        def prompt(text: str, **how: Any) -> str:
            if "accounts" in text:  # the last question of `pli init`, for which there is a test
                return addresses.pop(0)
            asked.append({"text": text, **how})
            return left.pop(0)

        monkeypatch.setattr(click, "prompt", prompt)
        monkeypatch.setattr(setup, "at_a_terminal", lambda: True)
        monkeypatch.setattr(common, "at_a_terminal", lambda: True)
        return asked

    return typed


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path) -> Relay:
    """The relay in the settings that were written."""
    (line,) = [it for it in (folder / "pli.toml").read_text().splitlines() if "relay_url" in it]
    return Relay.parse(line.partition('"')[2].rstrip('"'))


def test_the_password_is_asked_for_apart_and_not_shown(folder: Path, answers: Answers) -> None:
    asked = answers("smtp://relay.example.org:587", "me@example.org", "pa/ss#%41?")
    assert pli("init", *COMMITTEE).exit_code == 0
    assert [it.get("hide_input", False) for it in asked] == [False, False, True]
    relay = written(folder)
    assert (relay.username, relay.password) == ("me@example.org", "pa/ss#%41?")


def test_a_relay_with_a_user_alone_lacks_its_password(folder: Path, answers: Answers) -> None:
    asked = answers("mot de passe")
    result = pli("init", *COMMITTEE, "--relay", "smtp://me@relay.example.org:587")
    assert result.exit_code == 0
    assert [it["hide_input"] for it in asked] == [True]
    assert written(folder).password == "mot de passe"
    assert "list of processes" not in result.stderr


@pytest.mark.parametrize(
    ("typed", "lines"),
    [("smtp://relay.example.org:25", [""]), ("smtp://127.0.0.1:25?tls=none", [])],
)
def test_a_relay_without_a_login_is_one(
    folder: Path, answers: Answers, typed: str, lines: list[str]
) -> None:
    answers(typed, *lines)
    assert pli("init", *COMMITTEE).exit_code == 0
    assert written(folder).username is None


def test_a_password_on_the_command_line_is_warned_of(folder: Path) -> None:
    result = pli("init", *COMMITTEE, "--relay", "smtp://me:secret@relay.example.org:587")
    assert result.exit_code == 0
    assert "list of processes" in result.stderr
    assert "secret" not in result.output
    assert written(folder).password == "secret"


def test_a_password_that_cannot_be_read_is_told_how_to_be_written(folder: Path) -> None:
    result = pli("init", *COMMITTEE, "--relay", "smtp://me:12#34@relay.example.org:587")
    assert isinstance(result.exception, PliError)
    assert "# → %23" in str(result.exception)
    assert not (folder / "pli.toml").exists()


def test_who_answers_no_is_refused_as_one_line(answers: Answers, folder: Path) -> None:
    assert pli("init", *COMMITTEE, "--relay", "smtp://127.0.0.1:25?tls=none").exit_code == 0
    (folder / "membres.csv").write_text("Courriel;Prénom\nanne@example.org;Anne\n")
    answers("n")
    result = pli(
        "subscriber", "import", "membres.csv", "--list", "comite", "--basis", "member",
        "--source", "essai",
    )  # fmt: skip
    assert result.exit_code == 1
    assert str(result.exception) == "You said no: nothing was changed."


def test_the_first_account_is_asked_for_until_it_can_be_made(answers: Answers) -> None:
    asked = answers(" ", "Anne Essai", accounts=["anne", "anne@example.org", "anne@example.org"])
    result = pli("init", *COMMITTEE, "--relay", "smtp://127.0.0.1:25?tls=none")
    assert result.exit_code == 0
    assert "anne: there is no @ in the address" in result.stderr
    assert "an account needs the name" in result.stderr
    assert "https://lettres.example.org/office/link/" in result.stdout
    assert [it["text"] for it in asked] == ["Name of that person"] * 2
    (account,) = json.loads(pli("user", "list", "--json").stdout)
    assert (account["name"], account["rights"]) == ("Anne Essai", {"operator": "all"})


def test_who_names_nobody_is_told_how_the_first_account_is_made(answers: Answers) -> None:
    answers()
    result = pli("init", *COMMITTEE, "--relay", "smtp://127.0.0.1:25?tls=none")
    assert result.exit_code == 0
    assert "pli user add ADDRESS" in result.stdout
    assert pli("user", "list", "--json").stdout == "[]\n"
