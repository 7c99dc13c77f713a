"""Writes the figures that are kept as JSON as Markdown: what was measured, and the bounds.

A row stays when others are measured again on the same machine; each row tells its date.
"""

from __future__ import annotations

import json
import statistics
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.rows import ROWS, Row
from benchmarks.sending import Figures
from benchmarks.servers import POSTGRESQL

COLUMNS = (
    "row", "Pli/s", "against", "limit/s", "ratio", "pairs", "CPU µs a copy", "of the database",
    "peak MB",
)  # fmt: skip
ASKED = ("row", "asked", "reached")
WIDEST = 118
"""The most characters in a line of text."""
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
Kept = dict[str, Any]


def kept(file: Path, machine: dict[str, str]) -> Kept:
    """The figures that were measured on this machine before."""
    if file.exists():
        known: Kept = json.loads(file.read_text())
        if known.get("machine") == machine:
            return known
    return {"machine": machine, "rows": {}}


def summary(pairs: Sequence[Figures]) -> Figures:
    """The median of every figure that is a number."""
    return {
        name: statistics.median(it[name] for it in pairs)
        for name, value in pairs[0].items()
        if isinstance(value, int | float)
    }


def verdict(row: Row, figures: Figures) -> str:
    """Whether all bounds are reached; if not, the figures that miss theirs."""
    missed = [
        f"{it.words} {_number(figures[it.figure])}"
        for it in row.asked
        if not it.reached(figures[it.figure])
    ]
    return f"**no**: {', '.join(missed)}" if missed else "yes"


def markdown(known: Kept) -> str:
    """A table of figures, a table of bounds (one table would be too wide), and notes."""
    rows = [(row, known["rows"][row.name]) for row in ROWS if row.name in known["rows"]]
    lines = [_line(COLUMNS), _line(["---", *["---:" if it else "---" for it in _numeric()]])]
    lines += [_line(_cells(row, it)) for row, it in rows]
    lines += ["", _line(ASKED), _line(["---"] * len(ASKED))]
    lines += [_line(_asked(row, it)) for row, it in rows]
    machine = known["machine"]
    settings = ", ".join(f"`{name} = {value}`" for name, value in POSTGRESQL.items())
    lines += [
        "",
        *_wrapped(
            f"Machine: {machine['cpu']}, {machine['cores']} cores, {machine['kernel']}, "
            f"Python {machine['python']}, uvloop {machine['uvloop']}, SQLite {machine['sqlite']}, "
            f"PostgreSQL {machine['postgresql']}, postfix {machine['postfix']}. "
            f"PostgreSQL as it comes, but for {settings}."
        ),
        "",
    ]
    lines += [line for row, it in rows for line in _wrapped(f"* {_note(row, it)}", "  ")]
    return "\n".join(lines) + "\n"


def publish(file: Path, text: str) -> None:
    """Put the table into a document, between its two marks."""
    document = file.read_text()
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{file.name} has no {BEGIN} … {END}")
    file.write_text(f"{before}{BEGIN}\n{text}{END}{after}")


def _numeric() -> Iterator[bool]:
    return (it in ("Pli/s", "limit/s", "ratio", "peak MB") for it in COLUMNS[1:])


def _cells(row: Row, it: Kept) -> list[str]:
    figures = it["median"]
    return [
        row.name,
        f"{figures['per_s']:,.0f}",
        row.against,
        f"{figures['limit_per_s']:,.0f}",
        f"**{figures['ratio']:.2f}**",
        ", ".join(f"{pair['ratio']:.2f}" for pair in it["pairs"]),
        f"{figures['cpu_us']:.0f}",
        f"{figures['server_cpu_us']:.0f}" if figures["server_cpu_us"] else "",
        f"{figures['peak_mb']:.0f}",
    ]


def _asked(row: Row, it: Kept) -> list[str]:
    asked = ", ".join(f"{a.words} {'≤' if a.most else '≥'} {a.bound:g}" for a in row.asked)
    reached = verdict(row, it["median"])
    return [row.name, asked, reached + (" (a short run proves nothing)" if it["short"] else "")]


def _note(row: Row, it: Kept) -> str:
    figures, last = it["median"], it["pairs"][-1]
    scale = (
        f"{row.name}: {figures['people']:,.0f} copies of {figures['bytes']:,.0f} bytes, "
        f"{figures['connections']:.0f} connections, {it['date']}, commit {it['commit']}, "
        f"load {it['load_before']} before."
    )
    return f"{scale} {_more(figures, last)}".rstrip()


def _more(figures: Figures, last: Figures) -> str:
    """The notes that only some rows have."""
    told = []
    if "openssl_us_a_signature" in figures:
        told.append(
            f"A signature alone takes {figures['openssl_us_a_signature']:.0f} µs "
            "(`openssl speed rsa2048`)."
        )
    if "empty_proxy_per_s" in figures:
        told.append(
            "20 ms each way; the proxy without delay lets "
            f"{figures['empty_proxy_per_s']:,.0f} a second through."
        )
    if "plain_cpu_us" in figures:
        told.append(f"Without TLS {figures['plain_cpu_us']:.0f} µs of CPU a copy.")
    if "rates" in last:
        rates = ", ".join(f"{count}: {rate:,.0f}" for count, rate in last["rates"].items())
        told.append(f"Copies a second by connections, last pair: {rates}.")
    if "empty_relay_per_s" in figures:
        told.append(
            "The relay takes 50 ms a message; without them smtp-source gets "
            f"{figures['empty_relay_per_s']:,.0f} a second through it."
        )
    if last.get("pictures"):
        told.append(
            f"20 watchers in another process got {last['pictures']:,} pictures; "
            f"without them {figures['alone_cpu_us']:.0f} µs of CPU a copy."
        )
    if len(last["shares"]) > 1:
        told.append(f"The workers sent {' and '.join(f'{it:,}' for it in last['shares'])}.")
    if "rates_by_tenth" in last:
        rates = ", ".join(f"{rate:,.0f}" for rate in last["rates_by_tenth"])
        memory = ", ".join(f"{it:.0f}" for it in last["memory_mb_by_tenth"])
        told.append(
            f"The whole: {figures['whole_per_s']:,.0f} a second. Prepared in "
            f"{figures['prepare_seconds']:.1f} s ({figures['prepare_cpu_seconds']:.1f} s of CPU) "
            f"with {figures['prepare_peak_mb']:.0f} MB at most. "
            f"Copies a second by tenth: {rates}; MB after each: {memory}. "
            f"The report takes {figures['report_seconds']:.2f} s, "
            f"live progress {figures['progress_ms']:.1f} ms."
        )
    return " ".join(told)


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDEST,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.2f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
