"""Measure how long a command takes, against an interpreter that only imports its libraries.

Both run in turns, for the machine's speed varies more than the program's: a new interpreter that
imports the libraries, then the command itself, from its start to its end, with all files cached.
Exit 1 if the command takes more than 1.5 times as long, or loads another library.

    .venv/bin/python -m benchmarks.starting
    .venv/bin/python -m benchmarks.starting --turns 40 --language fr
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
MOST = 1.5
MEASURED = ("list", "show")
OURS = {"accounts", "cli", "commands", "mailer", "pli", "subscribers", "web"}
PLI = "from cli import main; main()"
NEEDED = (
    "click", "pydantic", "pydantic_settings", "uvloop", "rich.console", "rich.table",
    "sqlalchemy", "sqlalchemy.orm", "sqlalchemy.ext.asyncio",
    "sqlalchemy.dialects.sqlite.aiosqlite", "aiosqlite",
)  # fmt: skip
"""The libraries that our modules import for this command, with the database's driver."""
ALONE = "import " + ", ".join(NEEDED)
LOADED = """
import json, sys
before = set(sys.modules)
try:
    {code}
finally:
    print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""
LANGUAGES = {"en": "C.UTF-8", "fr": "fr_FR.UTF-8"}
INIT = (
    "init", "--committee", "Comité", "--address", "1 rue X", "--phone", "1",
    "--email", "comite@example.org", "--relay", "smtp://127.0.0.1:2525",
    "--public-url", "http://127.0.0.1:8080",
)  # fmt: skip


class Turn(NamedTuple):
    """An interpreter's time by the clock, and its processor time, which varies less under load."""

    seconds: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Starts new interpreters in one folder, in one language."""

    folder: Path
    language: str

    def run(self, code: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run an interpreter to its end; one that fails ends the benchmark."""
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "LC_ALL": LANGUAGES[self.language],
            },
            capture_output=True,
            text=True,
            check=True,
        )

    def turn(self, code: str, *words: str) -> Turn:
        """How long an interpreter takes, from its start to its end."""
        begun, before = time.perf_counter(), _cpu_of_children()
        self.run(code, *words)
        return Turn(time.perf_counter() - begun, _cpu_of_children() - before)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def libraries(here: Interpreter, code: str, *words: str) -> Counter[str]:
    """How many modules of each library are loaded, without Python's and ours."""
    modules = json.loads(here.run(LOADED.format(code=code), *words).stderr)
    names = (it.partition(".")[0] for it in modules if not it.startswith("_"))
    return Counter(it for it in names if it not in OURS | sys.stdlib_module_names)


def measured(here: Interpreter, turns: int) -> tuple[Turn, Turn]:
    """The medians of both, which take turns in being first; one run before warms the cache."""
    alone: list[Turn] = []
    command: list[Turn] = []
    for turn in range(turns + 1):
        both = [(alone, (ALONE,)), (command, (PLI, *MEASURED))]
        for found, asked in both[:: -1 if turn % 2 else 1]:
            took = here.turn(*asked)
            if turn:
                found.append(took)
    return _median(alone), _median(command)


def _median(turns: Sequence[Turn]) -> Turn:
    return Turn(*(statistics.median(it) for it in zip(*turns, strict=True)))


def machine() -> str:
    """The processor's name, and the number of cores."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    name = next((it.partition(":")[2].strip() for it in lines if it.startswith("model name")), "?")
    return f"{os.cpu_count()} × {name}"


def main() -> None:
    """Measure, and print the result; exit 1 if the command is too slow or loads too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--language", choices=LANGUAGES, default="en")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pli-starting-") as folder:
        here = Interpreter(Path(folder), options.language)
        for words in (INIT, ("list", "new", "paix", "--title", "Paix")):
            here.run(PLI, *words)
        needed, loaded = libraries(here, ALONE), libraries(here, PLI, *MEASURED)
        alone, command = measured(here, options.turns)
    ratio = command.seconds / alone.seconds
    print(f"{machine()}, Python {sys.version.split()[0]}, {options.turns} turns, medians")
    print(f"libraries alone  {alone.seconds:.3f} s, {alone.cpu:.3f} s of CPU")
    print(f"pli {' '.join(MEASURED)}    {command.seconds:.3f} s, {command.cpu:.3f} s of CPU")
    print(f"ratio            {ratio:.2f}, of CPU {command.cpu / alone.cpu:.2f}; at most {MOST}")
    print("modules loaded   " + ", ".join(f"{name} {n}" for name, n in loaded.most_common()))
    further = sorted(loaded.keys() - needed.keys())
    if further:
        print("without need     " + ", ".join(further))
    sys.exit(bool(further) or ratio > MOST)


if __name__ == "__main__":
    main()
