"""What of an error may stand in a log: its class and its place, for its words may name people."""

from __future__ import annotations

import traceback


def place_of(error: BaseException) -> dict[str, str]:
    """The class of an error, and file and line where it was raised, for a log's `extra`."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
    return {"error": type(error).__name__, "at": at}
