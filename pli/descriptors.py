"""How many files and connections this process may have open, and how they are divided."""

from __future__ import annotations

import errno
import os
import resource

FULL = (errno.EMFILE, errno.ENFILE)
"""The errors of a full table of files: the process's, and the machine's."""
_RESERVED = 192
"""For the database, the journal, the logs, and what Python opens for a moment."""
_FEWEST, _MOST = 32, 2_000


def raise_limit() -> int:
    """Raise the soft limit of open files to the hard one; the limit that then holds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # some systems set a lower limit of their own
            return soft
    return hard if hard != resource.RLIM_INFINITY else 1_000_000


def are_full() -> bool:
    """Whether no file can be opened now; then much else fails, with errors that do not say so."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in FULL
    return False


def for_web_pages(limit: int, relay_connections: int) -> int:
    """How many connections the web pages may have, so that the engine keeps what it needs."""
    # A connection to a relay, and one that is being closed or looked up beside it.
    return max(_FEWEST, min(_MOST, limit - _RESERVED - 2 * relay_connections))
