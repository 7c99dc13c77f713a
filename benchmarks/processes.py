"""Runs the processes of one sending: starts them together, and adds up their figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.sending import Figures, Order

ROOT = Path(__file__).resolve().parents[1]


def step(name: str, order: Order) -> Figures:
    """Run one step in a process of its own."""
    with _child(name, order) as child:
        return _figures(child)


def sent(
    order: Order,
    *,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
    server_cpu: Callable[[], float] = lambda: 0.0,
    beside: AbstractContextManager[object] | None = None,
) -> Figures:
    """Prepare and send; the figures of all workers as those of one sending.

    `beside` is entered once all is prepared, and left when all is sent.
    """
    made = step("prepare", order)
    order = replace(order, campaign=made["campaign"])
    return made | sent_prepared(
        order,
        workers=workers,
        environment=environment,
        server_cpu=server_cpu,
        beside=beside,
    )


def sent_prepared(
    order: Order,
    *,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
    server_cpu: Callable[[], float] = lambda: 0.0,
    beside: AbstractContextManager[object] | None = None,
) -> Figures:
    """Send what was prepared; the figures of all workers as those of one sending."""
    with ExitStack() as stack:
        children = [
            stack.enter_context(_child("send", replace(order, starts=n == 0), environment))
            for n in range(workers)
        ]
        for child in children:
            if _line(child) != "ready":
                raise SystemExit("a sending did not get ready")
        stack.enter_context(beside or nullcontext())
        spent = server_cpu()
        for child in children:
            assert child.stdin is not None
            child.stdin.write(b"go\n")
            child.stdin.flush()
        figures = [_figures(child) for child in children]
        spent = server_cpu() - spent
    seconds = max(it["seconds"] for it in figures)
    cpu = sum(it["cpu_seconds"] for it in figures)
    return {
        "people": order.people,
        "connections": order.connections,
        "per_s": order.people / seconds,
        "seconds": seconds,
        "settled_seconds": max(it["settled_seconds"] for it in figures),
        "cpu_us": cpu / order.people * 1e6,
        "server_cpu_us": spent / order.people * 1e6,
        "peak_mb": max(it["peak_mb"] for it in figures),
        "shares": [it["settled"] for it in figures],
        "recorded_per_s": sum(it["recorded_per_s"] for it in figures),
        "marks": figures[0]["marks"],
        "campaign": order.campaign,
        "pictures": figures[0].get("pictures", 0),
    }


@contextmanager
def _child(
    name: str, order: Order, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    # In a session of its own: Ctrl-C reaches only the command, which then ends its children.
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sending", name, order.as_json()],
        cwd=ROOT,
        env=os.environ | dict(environment or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.communicate()


def _line(child: subprocess.Popen[bytes]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().decode().strip()


def _figures(child: subprocess.Popen[bytes]) -> Figures:
    line = _line(child)
    if child.wait() or not line:
        raise SystemExit("a sending failed: what it said stands above")
    told: dict[str, Any] = json.loads(line)
    return told
