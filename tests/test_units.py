"""The systemd units in deploy/ name real commands, restart them, and confine them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click
import pytest

from benchmarks.tools import tool
from cli import COMMANDS, context
from tests.paths import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


def settings(unit: Path) -> dict[str, str]:
    lines = [line for line in unit.read_text().splitlines() if "=" in line and line[0] != "#"]
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("unit", UNITS, ids=lambda it: it.stem)
def test_a_unit_starts_a_command_that_there_is_and_always_again(unit: Path) -> None:
    told = settings(unit)
    program, name, *options = told["ExecStart"].split()
    assert program.endswith("/pli")
    assert name in COMMANDS
    command = context.get_command(click.Context(context), name)
    assert command is not None
    known = {option for it in command.params for option in it.opts}
    assert set(options) <= known
    assert told["Restart"] == "always"
    assert int(told["TimeoutStopSec"]) >= 30
    assert told["User"] == "pli"
    assert told["CapabilityBoundingSet"] == ""
    assert (told["NoNewPrivileges"], told["ProtectSystem"]) == ("yes", "strict")


def test_systemd_understands_the_units() -> None:
    done = subprocess.run(
        [tool("systemd-analyze"), "verify", *map(str, UNITS)],
        capture_output=True,
        check=False,
        text=True,
    )
    # The program is not installed here, which is no fault of the unit.
    told = [line for line in done.stderr.splitlines() if str(UNITS[0].parent) in line]
    assert [line for line in told if "is not executable" not in line] == []
