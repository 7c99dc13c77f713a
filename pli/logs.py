"""Logs on stderr: an event's name and its fields, as lines to read or as JSON.

Rooms log by the standard library, a name and ids: `log.warning("delivery.lease_lost", extra=…)`.
Here is decided how that looks. What other programs said (a relay's reply, a database's complaint)
may hold an address: it is taken out of every line, for logs go where members' names must not.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

ADDRESS = "(address)"
OURS = "pli"
_AN_ADDRESS = re.compile(r"""[^\s<>"(),;:@]+@[^\s<>"'(),;:@]+""")


class _Stderr(logging.Handler):
    """Writes to what is stderr now: a progress bar takes its place for a while."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line; a log that cannot be written must not stop a sending."""
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)


def configure(kind: str = "text", level: str = "warning") -> None:
    """From now on every log is `text` or `json`; `level` is for ours, others warn at most."""
    handler = _Stderr()
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _without_addresses,
                *(_as_json() if kind == "json" else _as_text()),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OURS).setLevel(level.upper())


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
        if "@" in text:
            event[name] = _AN_ADDRESS.sub(ADDRESS, text)
    return event


def _in_one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if isinstance(value, str) and name != "exception":
            event[name] = " ".join(value.split())
    return event
