"""Formats logs with structlog: as lines to read, or as JSON documents.

The message of another program (a relay's reply, a database's complaint) may hold an address. The
formatter takes addresses out of every line, for logs go where members' names must not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from pli.harmless import harmless

ADDRESS = "(address)"
_A_WORD = re.compile(r"""[^\s<>"(),;:@]++(@[^\s<>"'(),;:@]+)?""")
"""A word, and what makes an address of it. Each word is read once: a relay may send long ones."""
_LONGEST = 20_000
"""Signs of one field: no more is read or written."""


def formatter(kind: str) -> ProcessorFormatter:
    """A formatter that writes records of the standard library as `text` or `json`."""
    return ProcessorFormatter(
        foreign_pre_chain=[
            # First, so that no field can take the place of the level or the logger's name.
            ExtraAdder(),
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _without_addresses,
            _harmlessly,
            *(_as_json() if kind == "json" else _as_text()),
        ],
    )


def _as_json() -> Sequence[Processor]:
    return [structlog.processors.JSONRenderer(ensure_ascii=False)]


def _as_text() -> Sequence[Processor]:
    return [
        _in_one_line,
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=0,
            # Rich's tracebacks would show the values of variables, and with them people's names.
            exception_formatter=structlog.dev.plain_traceback,
        ),
    ]


def _without_addresses(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        text = str(value)
        if len(text) > _LONGEST:
            event[name] = text = f"{text[:_LONGEST]}…"
        if "@" in text:
            event[name] = _A_WORD.sub(_address_taken_out, text)
    return event


def _address_taken_out(word: re.Match[str]) -> str:
    return ADDRESS if word[1] else word[0]


def _harmlessly(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = harmless(value)
    return event


def _in_one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if isinstance(value, str) and name != "exception":
            event[name] = " ".join(value.split())
    return event
