"""The limit: Postfix's smtp-source sends as many messages of the same size, without a ledger."""

from __future__ import annotations

import subprocess
import time

from benchmarks.tools import tool

HEADER = 130
"""Bytes of the header that smtp-source adds to what it is told to send."""


def limit(port: int, *, messages: int, size: int, connections: int) -> float:
    """Messages a second, each of `size` bytes, over `connections` that stay open."""
    began = time.monotonic()
    subprocess.run(
        [
            tool("smtp-source"), "-d", "-l", str(max(1, size - HEADER)), "-m", str(messages),
            "-s", str(connections), "-f", "bounce@example.org", "-t", "p@example.org",
            f"127.0.0.1:{port}",
        ],
        check=True,
        start_new_session=True,
    )  # fmt: skip
    return messages / (time.monotonic() - began)
