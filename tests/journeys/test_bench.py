"""`make bench` runs to its end with a few copies; tests do not judge the figures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.machine import machine
from benchmarks.rows import ROWS
from benchmarks.table import BEGIN, END
from benchmarks.tools import tool
from tests.paths import ROOT

pytestmark = pytest.mark.proof

BENCH = [sys.executable, "-m", "benchmarks.wire", "--pairs", "1"]


@pytest.fixture(autouse=True)
def postfix() -> None:
    for program in ("smtp-sink", "smtp-source"):
        tool(program)


def test_one_row_is_measured_and_written_down(tmp_path: Path) -> None:
    words = ["--only", "sqlite-8k", "--copies", "200", "--into", str(tmp_path)]
    done = subprocess.run(
        [*BENCH, *words], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    table = (tmp_path / "bench.md").read_text()
    assert table in done.stdout
    kept = json.loads((tmp_path / "bench.json").read_text())
    assert kept["machine"] == machine()
    figures = kept["rows"]["sqlite-8k"]["median"]
    assert 7_760 <= figures["bytes"] <= 8_240
    assert figures["people"] == 200
    assert min(figures[name] for name in ("per_s", "limit_per_s", "cpu_us", "peak_mb")) > 0
    assert f"{figures['per_s']:,.0f}" in table


def test_a_copy_is_signed_so_that_others_verify_it(tmp_path: Path) -> None:
    words = ["--only", "sqlite-50k-dkim", "--copies", "40", "--into", str(tmp_path)]
    done = subprocess.run(
        [*BENCH, *words], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    # The run itself verifies a copy, and ends with an error if that fails.
    assert done.returncode == 0, done.stdout + done.stderr


def test_ended_in_the_middle_it_leaves_nothing_behind(tmp_path: Path) -> None:
    words = ["--only", "sqlite-8k", "--copies", "100000", "--into", str(tmp_path / "build")]
    bench = subprocess.Popen([*BENCH, *words], cwd=ROOT, env=os.environ | {"TMPDIR": str(tmp_path)})
    try:
        until = time.monotonic() + 60
        while not list(tmp_path.glob("pli-bench-*/pli.db")):
            assert time.monotonic() < until
            time.sleep(0.1)
        children = _children(bench.pid)
        assert children
        bench.send_signal(signal.SIGINT)
        assert bench.wait(60) == 130
    finally:
        bench.kill()
        bench.wait()
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    assert not list(tmp_path.glob("pli-bench-*"))


def test_a_row_that_is_not_there_is_told() -> None:
    done = subprocess.run(
        [*BENCH, "--only", "nothing"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert all(row.name in done.stderr for row in ROWS)


def test_the_document_has_a_place_for_the_table() -> None:
    text = (ROOT / "docs" / "performance.md").read_text()
    assert text.index(BEGIN) < text.index(END)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
