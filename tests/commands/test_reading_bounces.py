"""Mails that came back are read from files and from a pipe, and none is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import cli
from mailer.bounces import keeping
from mailer.campaign import coming_back
from pli import keys as key_ring
from pli.database import DatabaseAway
from pli.language import N_
from tests.commands.invoking import pli

MAIL = "From: MAILER-DAEMON@mx\nSubject: failure notice\n\n<p{}@example.net>: 550 5.1.1 no\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    key_ring.write(key_ring.generate(), tmp_path / "pli.keys")
    (tmp_path / "pli.toml").write_text('committee = "Comité"\n')
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")
    for n in range(3):
        (tmp_path / f"{n}.eml").write_text(MAIL.format(n))
    return tmp_path


def away_for(monkeypatch: pytest.MonkeyPatch, fails: Sequence[int]) -> list[int]:
    """Let these calls of `take_in_all`, by their number, fail as a deadlock does."""
    calls: list[int] = []
    take_in_all = coming_back.take_in_all

    def sometimes(*args: Any, **options: Any) -> Any:
        calls.append(len(calls))
        if calls[-1] in fails:
            raise DatabaseAway(N_("the database cannot be used: {reason}"), reason="deadlock")
        return take_in_all(*args, **options)

    monkeypatch.setattr(coming_back, "take_in_all", sometimes)
    return calls


def test_mails_that_others_stand_in_the_way_of_are_recorded_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = away_for(monkeypatch, [0])
    said = pli("bounce", "read", "0.eml", "1.eml", "2.eml")
    assert said.exit_code == 0, said.output
    assert len(calls) == 4, "all together, then each"
    assert said.output.count("carries no token of ours") == 3


def test_a_fault_of_ours_in_one_mail_is_told_and_the_others_are_recorded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in_all = coming_back.take_in_all

    def stumbles(session: Any, arrivals: Any, **options: Any) -> Any:
        if any(b"p1@" in keeping.unpacked(it.kept) for it in arrivals):
            raise KeyError("the words of p1@example.org")
        return take_in_all(session, arrivals, **options)

    monkeypatch.setattr(coming_back, "take_in_all", stumbles)
    said = pli("bounce", "read", "0.eml", "1.eml", "2.eml", "nowhere.eml")
    assert said.exit_code == 1
    assert "1.eml: not recorded, for a fault of Pli (KeyError)" in said.output
    assert "the words of" not in said.output
    assert "Traceback" not in said.output
    assert said.output.count("carries no token of ours") == 2
    assert "nowhere.eml: No such file" in said.output
    piped = pli("bounce", "read", "-", told=(folder / "1.eml").read_bytes())
    assert piped.exit_code == 75


def test_a_database_that_is_away_makes_the_mail_server_try_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    away_for(monkeypatch, range(9))
    said = pli("bounce", "read", "-", told=MAIL.format(0).encode())
    assert said.exit_code == 75
    assert "deadlock" in said.output


def test_an_installation_that_is_not_in_order_refuses_no_mail_of_a_pipe(folder: Path) -> None:
    (folder / "pli.toml").write_text('nonsense = "x"\n')
    said = pli("bounce", "read", "-", told=MAIL.format(0).encode())
    assert said.exit_code == 75
    assert "nonsense" in said.output


def test_a_pipe_is_read_to_its_end() -> None:
    told = BytesIO(MAIL.format(0).encode() + b"x\n" * 2_000_000)
    said = CliRunner().invoke(cli.context, ["bounce", "read", "-"], input=told)
    assert said.exit_code == 0, said.output
    assert told.read() == b""


def test_each_mail_of_an_mbox_is_recorded(folder: Path) -> None:
    begins = "From MAILER-DAEMON Thu Dec  3 09:00:00 2026\n"
    (folder / "all.mbox").write_text("".join(f"{begins}{MAIL.format(n)}\n" for n in range(7, 10)))
    told = json.loads(pli("bounce", "read", "all.mbox", "0.eml", "--json").stdout)
    assert [it["file"] for it in told] == ["all.mbox", "all.mbox#2", "all.mbox#3", "0.eml"]
    assert all(it["new"] for it in told)
