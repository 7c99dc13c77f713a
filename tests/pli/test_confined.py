"""A child process that reads foreign bytes has limits, and nothing of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from pli import confined
from pli.confined import Confines

MODULE = "tests.pli.confined_functions"


USUAL = Confines(300_000_000, 20)


def call(name: str, payload: bytes = b"", confines: Confines = USUAL) -> bytes:
    return confined.call(f"{MODULE}:{name}", payload, confines)


def test_what_never_ends_is_ended() -> None:
    with pytest.raises(confined.TooLong):
        call("spin", b"abc", Confines(seconds=1))


def test_what_wants_more_memory_than_it_may_have_gets_none() -> None:
    assert call("fill", b"1000000") == b"\0"
    with pytest.raises(confined.TooMuchMemory):
        call("fill", b"1000000000")


def test_the_child_writes_no_file(tmp_path: Path) -> None:
    target = tmp_path / "written"
    with pytest.raises(confined.Confined):
        call("write", str(target).encode())
    assert not target.exists() or target.read_bytes() == b""


def test_the_child_gets_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLI_SMTP_PASSWORD", "secret")
    assert b"PLI_SMTP_PASSWORD" not in call("environment")


def test_a_module_in_the_readers_folder_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "subprocess.py").write_text("raise SystemExit(9)")
    (tmp_path / "pli.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    assert call("fill", b"1") == b"\0"
