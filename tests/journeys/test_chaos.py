"""A short run of the attack that benchmarks/chaos.py does at length, on both databases."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.paths import ROOT
from tests.servers import postgresql_binaries

pytestmark = pytest.mark.proof

SHORT = ["--recipients", "1500", "--every", "0.3", "--seed", "294", "--limit", "100"]


def attack(*words: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.chaos", *SHORT, *words],
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def is_accounted_for(told: dict[str, object], faults: Sequence[str], kills: int) -> None:
    assert told["faults"] == dict.fromkeys(faults, 1)
    assert told["balanced"]
    assert (told["lost"], told["doubled"], told["unaccounted"], told["failed"]) == (0, 0, 0, 0)
    assert isinstance(told["sent"], int)
    assert isinstance(told["uncertain"], int)
    assert told["sent"] + told["uncertain"] == told["candidates"] == 1500
    assert told["uncertain"] <= kills * 2 * 10, "two copies a connection at most"


def test_kills_and_a_relay_that_goes_away_lose_and_double_nothing_on_sqlite() -> None:
    faults = ("kill", "relay")
    told = attack("--faults", *faults, "--kills", "2")
    is_accounted_for(told, faults, 2)


def test_kills_of_workers_and_of_the_server_lose_and_double_nothing_on_postgresql() -> None:
    postgresql_binaries()
    faults = ("kill", "kill-all", "database")
    told = attack("--database", "postgresql", "--workers", "2", "--faults", *faults, "--kills", "3")
    is_accounted_for(told, faults, 2 * 3)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_full_disk_a_clock_set_back_and_jobs_that_come_twice_lose_and_double_nothing(
    database: str,
) -> None:
    if database == "postgresql":
        postgresql_binaries()
    faults = ("disk", "clock", "duplicate")
    slow = ("--delay", "0.03", "--away", "1")
    told = attack("--database", database, "--faults", *faults, "--kills", "3", *slow)
    is_accounted_for(told, faults, 0)
