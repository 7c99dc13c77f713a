"""Functions that a confined child runs: one that never ends, and those that reach for more."""

from __future__ import annotations

import os
from pathlib import Path


def spin(payload: bytes) -> bytes:
    """Work without end."""
    while True:
        payload = payload[::-1]


def fill(payload: bytes) -> bytes:
    """Take as many bytes of memory as the payload says."""
    return bytes(int(payload))[:1]


def write(payload: bytes) -> bytes:
    """Write a file of the name in the payload."""
    Path(os.fsdecode(payload)).write_bytes(b"x")
    return b""


def environment(_payload: bytes) -> bytes:
    """The names of this process's environment."""
    return " ".join(sorted(os.environ)).encode()
