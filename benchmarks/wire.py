"""Measure whole sendings against the wire's limit and against their bounds, into one table.

    make bench
    make bench ARGS="--only sqlite-8k --copies 2000 --pairs 1"

A machine's speed drifts, so each sending is followed by its limit, and a row is the median of its
pairs. build/bench.md holds the table, and build/bench.json every figure. A row stays there until it
is measured again, or the machine is another.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path

from benchmarks import table
from benchmarks.machine import ROOT, machine, moment
from benchmarks.rows import ROWS, Row, Scale
from benchmarks.tools import told_if_missing

DOCUMENT = ROOT / "docs" / "performance.md"
PAIRS = 3


def chosen(asked: list[str]) -> list[Row]:
    """The rows with these names, or names that begin so; without any, all but the long ones."""
    if not asked:
        return [row for row in ROWS if not row.long]
    exact = {row.name for row in ROWS}
    for name in asked:
        if not any(it.startswith(name) for it in exact):
            raise SystemExit(f"there is no row {name}: there are {', '.join(sorted(exact))}")
    return [
        row
        for row in ROWS
        if any(row.name == it or (it not in exact and row.name.startswith(it)) for it in asked)
    ]


def measured(row: Row, scale: Scale, pairs: int) -> table.Kept:
    """Measure the pairs of a row, and print each as it comes."""
    began = moment()
    found = []
    for n in range(pairs):
        start = time.monotonic()
        found.append(it := row.measure(scale))
        print(
            f"{row.name:18} pair {n + 1} of {pairs}: {it['per_s']:7,.0f}/s, "
            f"limit {it['limit_per_s']:7,.0f}/s, ratio {it['ratio']:.2f}, "
            f"{it['cpu_us']:4.0f} µs, {it['peak_mb']:4.0f} MB  "
            f"({time.monotonic() - start:.0f} s)",
            flush=True,
        )
    median = table.summary(found)
    print(f"{row.name:18} ratio {median['ratio']:.2f}, reached: {table.verdict(row, median)}\n")
    return began | {"short": scale.short or pairs < pairs_of(row), "median": median, "pairs": found}


def pairs_of(row: Row) -> int:
    """How many pairs a row has if no fewer are asked for."""
    return 1 if row.long else PAIRS


def main() -> None:
    """Measure, print each pair, and write the table after each row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    scale = Scale()
    parser.add_argument("--only", nargs="+", default=[], metavar="ROW", help="by name or beginning")
    parser.add_argument("--copies", type=int, default=scale.copies)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--connections", type=int, default=scale.connections)
    parser.add_argument("--people", type=int, default=scale.people, help="of the million rows")
    parser.add_argument("--into", type=Path, default=ROOT / "build", metavar="FOLDER")
    parser.add_argument(
        "--publish",
        action="store_true",
        help=f"put the table into {DOCUMENT.name}, measure nothing",
    )
    options = parser.parse_args()
    figures, text = options.into / "bench.json", options.into / "bench.md"
    if options.publish:
        table.publish(DOCUMENT, table.markdown(json.loads(figures.read_text())))
        return
    # SIGTERM ends the run as Ctrl-C does: every server is stopped, every folder removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    rows = chosen(options.only)
    scale = Scale(options.copies, options.people, options.connections)
    options.into.mkdir(parents=True, exist_ok=True)
    known = table.kept(figures, machine())
    later = [row.name for row in ROWS if row.long and row not in rows]
    for row in rows:
        pairs = min(options.pairs, pairs_of(row)) if row.long else options.pairs
        known["rows"][row.name] = measured(row, scale, pairs)
        figures.write_text(json.dumps(known, indent=1) + "\n")
        text.write_text(table.markdown(known))
    print(text.read_text())
    if later:
        print(f"Not measured, for they take over five minutes: --only {' '.join(later)}")


if __name__ == "__main__":
    try:
        with told_if_missing():
            main()
    except KeyboardInterrupt:
        sys.exit(130)
