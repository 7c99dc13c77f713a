"""Run every case of a folder of cases, and print what came out: make cases ARGS="letters/05".

Exit code 1 if a case did not come out as wanted. Without the folder there is nothing to run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.cases import letters, people, security, sending
from tests.cases.trial import Case, Verdict, copy_installation, make_installation
from tests.paths import ROOT

INPUTS = ROOT.parent / "shared" / "cases"
ROOMS = {"letters": letters, "people": people, "sending": sending, "security": security}
ALONE = frozenset({"people/an opt-out beside an import", "security/regexes", "security/relay_421"})
"""What measures time runs after the others, with nothing beside it."""
AT_ONCE = 2


def chosen(words: list[str]) -> Iterator[tuple[str, Case, Path]]:
    """The cases whose names contain one of the words, with the folder of their inputs."""
    for room, module in ROOMS.items():
        for name, case in module.CASES.items():
            full = f"{room}/{name}"
            if not words or any(it in full for it in words):
                yield full, case, module.folder(INPUTS)


def tried(name: str, case: Case, inputs: Path, made: Path) -> tuple[str, Verdict, float]:
    """Run one case in an installation of its own; a case that breaks came out wrong."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pli-case-") as folder:
        try:
            verdict = case(copy_installation(made, Path(folder) / "installation", inputs))
        except Exception as error:
            verdict = Verdict(False, f"{type(error).__name__}: {error}"[:200])
    return name, verdict, time.monotonic() - begun


def main() -> int:
    """Run what the command line chooses; the exit code."""
    parser = argparse.ArgumentParser(prog="make cases", description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of the names of cases; else all")
    words = parser.parse_args().words
    console = Console()
    if not INPUTS.is_dir():
        console.print("There are no cases here: they lie in ../shared/cases, beside the checkout.")
        return 0
    asked = list(chosen(words))
    results: dict[str, tuple[Verdict, float]] = {}
    with tempfile.TemporaryDirectory(prefix="pli-cases-") as folder:
        made = Path(folder) / "made"
        make_installation(made)
        for at_once, names in ((AT_ONCE, False), (1, True)):
            with ThreadPoolExecutor(at_once) as pool:
                running: list[Future[tuple[str, Verdict, float]]] = [
                    pool.submit(tried, name, case, inputs, made)
                    for name, case, inputs in asked
                    if (name in ALONE) is names
                ]
                for it in running:
                    name, verdict, seconds = it.result()
                    results[name] = verdict, seconds
                    print(f"{'right' if verdict.right else 'WRONG'}  {name}", file=sys.stderr)
    table = Table("case", "", "what was seen", "s")
    for name, _, _ in asked:
        verdict, seconds = results[name]
        mark = "right" if verdict.right else "[bold red]WRONG[/]"
        table.add_row(name, mark, verdict.seen.replace("[", r"\["), f"{seconds:.0f}")
    console.print(table)
    right = sum(it.right for it, _ in results.values())
    console.print(f"{right} of {len(asked)} came out as wanted.")
    return 0 if right == len(asked) else 1


if __name__ == "__main__":
    sys.exit(main())
