"""Logs on stderr: an event's name and its fields, as lines to read or as JSON.

Packages log by the standard library, a name and ids: `log.warning("delivery.lease_lost", extra=…)`.
`pli.log_format` formats the lines.
"""

from __future__ import annotations

import logging
import sys

OURS = "pli"


class _Stderr(logging.Handler):
    """Writes to the `sys.stderr` of the moment, which a progress bar replaces for a while."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a log that cannot be written must not stop a sending."""
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)


class _Formatter(logging.Formatter):
    """Formats a record as `text` or `json`; loads structlog for the first record.

    Most commands log nothing, and structlog takes as long to load as Click and Rich.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind
        self._writer: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, or as the lines of a traceback."""
        return self.loaded().format(record)

    def loaded(self) -> logging.Formatter:
        """structlog's formatter; loads structlog if it is not loaded yet."""
        if self._writer is None:
            from pli.log_format import formatter

            self._writer = formatter(self._kind)
        return self._writer


def configure(kind: str = "text", level: str = "warning") -> None:
    """Write logs as `text` or `json`: ours from `level` up, those of others from warnings up."""
    handler = _Stderr()
    handler.setFormatter(_Formatter(kind))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OURS).setLevel(level.upper())


def load() -> None:
    """Load structlog now, in a process that stays.

    Later the process may have no file left to open, and a log should tell that.
    """
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _Formatter):
            handler.formatter.loaded()
