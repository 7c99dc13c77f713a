"""A document of JSON with files behind it, as bytes: what goes into a child process, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


def framed(document: dict[str, Any], files: Sequence[bytes]) -> bytes:
    """A line of JSON, then files as they are: in JSON they would take four times the memory."""
    head = json.dumps({"document": document, "sizes": [len(it) for it in files]})
    return b"".join((head.encode(), b"\n", *files))


def unframed(frame: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """The document and the files of a frame."""
    end = frame.index(b"\n")
    head = json.loads(frame[:end])
    files: list[bytes] = []
    at = end + 1
    for size in head["sizes"]:
        files.append(frame[at : at + size])
        at += size
    return head["document"], files
