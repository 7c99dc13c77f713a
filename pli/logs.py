"""Logs on stderr: an event's name and its fields, as lines to read or as JSON.

Rooms log by the standard library, a name and ids: `log.warning("delivery.lease_lost", extra=…)`.
How a line looks is decided in `pli.log_format`.
"""

from __future__ import annotations

import logging
import sys

OURS = "pli"


class _Stderr(logging.Handler):
    """Writes to what is stderr now: a progress bar takes its place for a while."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line; a log that cannot be written must not stop a sending."""
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)


class _Formatter(logging.Formatter):
    """Writes a record as `text` or `json`; structlog is loaded with the first one.

    Most commands end without a word to log, and structlog takes as long to load as Click and Rich.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind
        self._writer: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        """The line, or the lines of a traceback."""
        return self.loaded().format(record)

    def loaded(self) -> logging.Formatter:
        """What writes, loaded if it is not yet."""
        if self._writer is None:
            from pli.log_format import formatter

            self._writer = formatter(self._kind)
        return self._writer


def configure(kind: str = "text", level: str = "warning") -> None:
    """From now on every log is `text` or `json`; `level` is for ours, others warn at most."""
    handler = _Stderr()
    handler.setFormatter(_Formatter(kind))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OURS).setLevel(level.upper())


def load() -> None:
    """Load now what writes logs: for a process that stays.

    Later there may be no file left to open, of which a log should tell.
    """
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, _Formatter):
            handler.formatter.loaded()
