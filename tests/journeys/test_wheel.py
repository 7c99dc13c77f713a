"""The wheel holds everything: templates and migrations travel inside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.paths import ROOT

pytestmark = pytest.mark.proof

UNREACHABLE = ("No matching distribution", "Could not find a version", "ConnectionError", "retry")


def test_the_wheel_installed_elsewhere_runs_the_demo(tmp_path: Path) -> None:
    subprocess.run(["make", "-s", "wheel"], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (ROOT / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "pli/templates/letters/lettre/letter.html.j2" in names
    assert "pli/migrations/env.py" in names
    assert not [it for it in names if it.startswith(("templates/", "migrations/", "tests/"))]
    there = tmp_path / "venv"
    here: list[str | Path] = [sys.executable, "-m"]
    subprocess.run([*here, "venv", "--without-pip", there], check=True)
    pip = [*here, "pip", "--python", there, "install", "--quiet", "--no-compile"]
    locked = subprocess.run(
        [*pip, "--no-deps", "--require-hashes", "-r", ROOT / "requirements.lock"],
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    if locked.returncode and any(it in locked.stderr for it in UNREACHABLE):
        pytest.skip("needs the package index")
    assert locked.returncode == 0, locked.stderr
    subprocess.run([*pip, "--no-deps", wheel], check=True)
    subprocess.run([*here, "pip", "--python", there, "check"], check=True)
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [tmp_path / "venv/bin/pli", "demo", "--once", "--json", "--dir", tmp_path / "demo"],
        cwd=tmp_path, env={**kept, "LC_ALL": "C.UTF-8"}, capture_output=True, check=False,
        text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["balanced"]
    assert report["sent"] > 50
