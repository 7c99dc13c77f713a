"""What of an error may stand in a log beside its class: its place. Its words may name people."""

from __future__ import annotations

import traceback


def place_of(error: BaseException) -> str:
    """File and line where an error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
