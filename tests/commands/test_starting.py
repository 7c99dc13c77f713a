"""A command as it is really started: by an interpreter of its own, that knows nothing yet."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cli
from pli import keys as key_ring
from tests.paths import ROOT

RUN = """
import json, sys
from cli import main
sys.argv = ["pli", *json.loads(sys.argv[1])]
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def started(folder: Path, *words: str) -> tuple[str, set[str]]:
    """What it said, and what it had to load."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(words)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    (modules,) = done.stderr.splitlines()
    return done.stdout, set(json.loads(modules))


def test_a_command_that_reads_loads_neither_alembic_nor_premailer(
    tmp_path: Path, migrated_sqlite: Path
) -> None:
    key_ring.write(key_ring.generate(), tmp_path / "pli.keys")
    (tmp_path / "pli.toml").write_text('committee = "Comité"\n')
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")
    said, modules = started(tmp_path, "campaign", "list")
    assert "letter" in said
    assert not {"alembic", "premailer", "cssutils"} & modules


@pytest.mark.parametrize("name", sorted({module for module, _ in cli.COMMANDS.values()}))
def test_every_room_of_commands_can_be_the_first_that_is_entered(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {name}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
