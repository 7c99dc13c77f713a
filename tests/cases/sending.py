"""Sendings that went on, stopped or barred where a person would not have wanted it.

Each is a script of its own, which says a line for each thing that it tried: `right` or `WRONG`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.cases.trial import Case, Trial, Verdict
from tests.paths import ROOT

LIMIT_SECONDS = 600
NAMES = (
    "corrected_letter",
    "doctor_and_schedules",
    "everybody_unknown",
    "first_address_silent",
    "log_of_slowing",
    "passwords",
    "restored_backup",
    "short_outage",
    "terminal_closed",
    "test_copy_goes_on",
    "whole_list_refused",
    "zero_people",
)
NEEDS_ITS_OWN_HOSTS = "first_address_silent"


def script(name: str) -> Case:
    """Run a script against the command line of this checkout."""

    def case(trial: Trial) -> Verdict:
        before = ["unshare", "-m"] if name == NEEDS_ITS_OWN_HOSTS else []
        kept = {it: os.environ[it] for it in ("PATH", "HOME") if it in os.environ}
        done = subprocess.run(
            [*before, sys.executable, str(trial.inputs / f"{name}.py")],
            cwd=ROOT,
            env=kept | {
                "LC_ALL": "C.UTF-8", "LANGUAGE": "en", "TMPHOUSES": str(trial.folder),
                "PLI": str(ROOT / ".venv" / "bin" / "pli"), "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )  # fmt: skip
        lines = _entries(done.stdout)
        if name == NEEDS_ITS_OWN_HOSTS:
            right = any(it.startswith("pli send: rc 0") for it in lines)
            return Verdict(right, lines[0] if lines else done.stderr[-200:])
        wrong = [it for it in lines if it.startswith("WRONG") and not _spelling_told(name, it)]
        rights = [it for it in lines if it not in wrong]
        if done.returncode or not lines:
            return Verdict(False, (done.stderr or done.stdout)[-200:])
        return Verdict(bool(rights) and not wrong, (wrong or rights)[0])

    return case


def _entries(said: str) -> list[str]:
    """What a script said of each thing that it tried; one may have several lines."""
    entries: list[str] = []
    for line in said.splitlines():
        if entries and not line.startswith(("right", "WRONG", "pli send", "(")):
            entries[-1] += f" {line}"
        else:
            entries.append(line)
    return entries


def _spelling_told(name: str, line: str) -> bool:
    """A password is refused with its exact spelling, which is as right as taking it."""
    return name == "passwords" and re.search("%(2F|23|3F|5B|25)", line) is not None


CASES: dict[str, Case] = {name: script(name) for name in NAMES}


def folder(inputs: Path) -> Path:
    """Where the inputs of this room lie."""
    return inputs / "sending"
