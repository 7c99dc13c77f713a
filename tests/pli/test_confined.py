"""A child process that reads foreign bytes has limits, and nothing of ours."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from pli import confined
from pli.confined import Confines
from tests.waiting import until

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


def script(words: str, folder: Path, confines: Confines = USUAL) -> str:
    answer, _ = confined.call_program(["/bin/sh", "-c", words], b"given", confines, folder)
    return answer.decode()


def test_a_program_gets_the_payload_and_a_folder_and_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLI_SMTP_PASSWORD", "secret")
    said = script("cat; echo; env; pwd; ulimit -v; ulimit -t", tmp_path)
    assert said.startswith("given\n")
    assert "secret" not in said
    assert "PYTHONPATH" not in said
    assert f"HOME={tmp_path}\n" in said
    assert said.endswith(f"{tmp_path}\n{USUAL.memory // 1024}\n{USUAL.seconds}\n")


def test_a_program_that_fails_tells_why(tmp_path: Path) -> None:
    with pytest.raises(confined.Confined, match="no such thing"):
        script("echo no such thing >&2; exit 4", tmp_path)


def test_a_program_writes_no_file_that_is_larger_than_it_may(tmp_path: Path) -> None:
    with pytest.raises(confined.Confined):
        script("head -c 3000 /dev/zero > large || exit 1", tmp_path, Confines(largest_file=1000))
    assert (tmp_path / "large").stat().st_size <= 1000


def test_what_a_program_started_ends_with_it(tmp_path: Path) -> None:
    begun = time.monotonic()
    child = int(script("(sleep 60; touch late) >/dev/null 2>&1 </dev/null & echo $!", tmp_path))
    until(lambda: not Path(f"/proc/{child}").exists() or _is_over(child))
    assert time.monotonic() - begun < 60


def _is_over(child: int) -> bool:
    return Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_program_has_no_network_where_the_kernel_lets_it_go(tmp_path: Path) -> None:
    allowed = subprocess.run(["/usr/bin/unshare", "-Un", "true"], check=False, capture_output=True)
    devices = script("cat /proc/net/dev", tmp_path)
    if allowed.returncode == 0:
        assert [it.partition(":")[0].strip() for it in devices.splitlines()[2:]] == ["lo"]
        assert "lo:       0       0" in devices
