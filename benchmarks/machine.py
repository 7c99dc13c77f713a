"""The machine and the programs with which a table was measured."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.tools import found
from tests.servers import postgresql_binaries

ROOT = Path(__file__).resolve().parents[1]


def machine() -> dict[str, str]:
    """The machine's hardware and kernel, and the programs' versions."""
    return {
        "cpu": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "uvloop": version("uvloop"),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": _postgresql(),
        "postfix": _postfix(),
    }


def moment() -> dict[str, str]:
    """The date, the machine's load, and the commit."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load_before": f"{os.getloadavg()[0]:.1f}",
        "commit": _commit(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _postgresql() -> str:
    folder = postgresql_binaries()
    return _said(str(folder / "postgres"), "--version").split()[2] if folder else ""


def _postfix() -> str:
    postconf = found("postconf")
    return _said(postconf, "-d", "-h", "mail_version") if postconf else ""


def _commit() -> str:
    commit = _said("git", "rev-parse", "--short", "HEAD")
    return f"{commit}+" if commit and _said("git", "status", "--porcelain") else commit


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
