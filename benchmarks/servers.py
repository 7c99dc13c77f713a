"""Starts the servers of a run, each on a free port of the loopback; each ends with its block."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.tools import tool
from tests import certificates
from tests.servers import PostgreSQL, free_port

ROOT = Path(__file__).resolve().parents[1]
UNPRIVILEGED = "nobody"
BACKLOG = "1000"
WAIT_SECONDS = 10.0
POSTGRESQL = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "effective_cache_size": "2GB",
}
"""What an operator sets on such a machine. All else is PostgreSQL's default, so that every commit
is on the disk before PostgreSQL confirms it (fsync, synchronous_commit)."""


@contextmanager
def sink() -> Iterator[int]:
    """Postfix's smtp-sink, which takes everything and keeps nothing; its port."""
    port = free_port()
    command = [tool("smtp-sink")]
    if os.geteuid() == 0:
        command += ["-u", UNPRIVILEGED]
    with _running([*command, f"127.0.0.1:{port}", BACKLOG], port):
        yield port


@contextmanager
def tls(port: int) -> Iterator[int]:
    """stunnel before a port, with a certificate of `authority()` for 127.0.0.1; stunnel's port."""
    own = free_port()
    tool("openssl")
    certificate, key = certificates.certificate("IP:127.0.0.1")
    with tempfile.TemporaryDirectory(prefix="pli-bench-tls-") as folder:
        lines = [
            "foreground = yes", "pid =", "debug = crit", "socket = l:TCP_NODELAY=1",
            "socket = r:TCP_NODELAY=1", "[smtps]", f"accept = 127.0.0.1:{own}",
            f"connect = 127.0.0.1:{port}", f"cert = {certificate}", f"key = {key}",
        ]  # fmt: skip
        (file := Path(folder) / "stunnel.conf").write_text("\n".join(lines) + "\n")
        with _running([tool("stunnel4"), str(file)], own):
            yield own


def authority() -> Path:
    """The run's own certificate authority, which a client of `tls` must trust."""
    return certificates.authority() / "ca.pem"


@contextmanager
def delay(port: int, seconds: float) -> Iterator[int]:
    """A proxy that delays every byte by `seconds`, in both directions; its port."""
    with _module("benchmarks.delay", [str(port), str(seconds)]) as own:
        yield own


@contextmanager
def slow_relay(seconds: float) -> Iterator[int]:
    """A relay that needs `seconds` for each message of a connection; its port."""
    with _module("benchmarks.slow_relay", [str(seconds)]) as own:
        yield own


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A new PostgreSQL in a private folder, set up as in production."""
    with PostgreSQL.started(POSTGRESQL) as server:
        yield server


@contextmanager
def _module(name: str, arguments: Sequence[str]) -> Iterator[int]:
    """Run a server of the benchmark's own, which prints its port; the port."""
    process = subprocess.Popen(
        [sys.executable, "-m", name, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"{name} did not start")
        yield int(line)
    finally:
        _end(process)


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, start_new_session=True)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{Path(command[0]).name} did not start")
            time.sleep(0.05)
        yield
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    process.communicate()


def until_it_answers(address: str) -> None:
    """Wait until `pli serve` answers at this address, a minute at most."""
    for _ in range(300):
        try:
            httpx.get(f"{address}/healthz", timeout=1)
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise SystemExit("pli serve does not answer")
