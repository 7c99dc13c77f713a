"""Locks on files beside a SQLite database: one engine at most works on it, and one server.

The kernel releases a lock when its owner dies, however it dies. So the next owner knows that no
older owner lives, and that leases left behind belong to nobody.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Owner:
    """The process that has a lock; `only` names the one thing it works on, "" everything."""

    pid: int
    command: str
    since: str
    only: str = ""


class Lock:
    """The lock of a role ("engine", "serve"), held from `take` to `release` or its process ends."""

    def __init__(self, database_file: Path, role: str) -> None:
        self.path = database_file.with_name(f"{database_file.name}.{role}")
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def take(self, owner: Owner) -> Self | None:
        """Try once to take the lock; None if another process has it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(owner)).encode(), 0)
        self._descriptor = descriptor
        return self

    def owner(self) -> Owner | None:
        """The owner that the file names; None if it names nobody, or is only half written."""
        try:
            return Owner(**json.loads(self.path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def release(self) -> None:
        """Release the lock. The file stays, for removing it would race with the next owner."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
