"""Runs what belongs to the editor by Node, where `make editor` fetched its packages."""

from __future__ import annotations

import subprocess
from pathlib import Path

from _pytest.outcomes import Skipped

from benchmarks.tools import tool
from tests.paths import ROOT

EDITOR = ROOT / "web" / "editor"
STATIC = ROOT / "web" / "static"


class MissingPackages(Skipped):
    """The editor's packages were not fetched."""

    def __init__(self) -> None:
        super().__init__('the packages of web/editor/ were not fetched: run "make editor"')


def by_node(*arguments: str | Path, given: str = "") -> str:
    """What Node says in the editor's folder; raises MissingProgram, MissingPackages."""
    node = tool("node")
    if not (EDITOR / "node_modules").is_dir():
        raise MissingPackages
    done = subprocess.run(
        [node, *arguments],
        cwd=EDITOR,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout
