"""The event loop that commands run on, where this Python has it."""

from __future__ import annotations

import asyncio

try:
    from uvloop import new_event_loop
except ImportError:  # Windows and PyPy have no uvloop
    new_event_loop = asyncio.new_event_loop  # type: ignore[assignment]

__all__ = ["new_event_loop"]
