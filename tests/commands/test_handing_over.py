"""A password in an argument does not stay in the list of processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from commands import handing_over
from tests.commands.invoking import pli

URL = "smtp://u:Mot2Passe@relay.example.org"


@pytest.mark.parametrize("words", [["--relay", URL], [f"--relay={URL}"]])
def test_a_secret_is_taken_out_of_the_words(words: list[str]) -> None:
    kept, found = handing_over.without_secrets(["python", "pli", "init", *words, "--yes"])
    assert found == {"PLI_HANDED_OVER_RELAY": URL}
    assert not any("Mot2Passe" in word for word in kept)
    assert kept[:3] == ["python", "pli", "init"]
    assert kept[-1] == "--yes"


@pytest.mark.parametrize(
    "words",
    [["--relay", "smtp://127.0.0.1?tls=none"], ["--relay"], ["--to", "nothing"], ["send", URL], []],
)
def test_what_holds_no_secret_stays(words: list[str]) -> None:
    assert handing_over.without_secrets(words) == (words, {})


def test_the_process_begins_anew_with_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda *given: begun.append(given))
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "x", "--relay", URL])
    handing_over.hide()
    ((program, words, environment),) = begun
    assert (program, words[0]) == (sys.executable, sys.executable)
    assert words[1:] == ["-m", "x", "--relay", "handed-over:RELAY"]
    assert environment["PLI_HANDED_OVER_RELAY"] == URL
    monkeypatch.setattr(sys, "orig_argv", words)
    handing_over.hide()
    assert len(begun) == 1


def test_a_command_finds_what_was_handed_over_and_hands_it_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLI_HANDED_OVER_RELAY", URL)
    made = pli(
        "init", "--committee", "Comité", "--address", "1 place du Marché", "--phone", "02 00 00",
        "--email", "contact@example.org", "--relay", "handed-over:RELAY",
        "--public-url", "http://127.0.0.1:1",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    assert "PLI_HANDED_OVER_RELAY" not in os.environ
    assert URL in (tmp_path / "pli.toml").read_text()
    for words in (("settings",), ("settings", "--json")):
        told = pli(*words).stdout
        assert "Mot2Passe" not in told
        assert "smtp://u:…@relay.example.org" in told
