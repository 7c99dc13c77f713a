"""One engine, and one server, on one SQLite file: locks on files beside it say who has them.

The kernel gives the lock back when its owner dies, however it dies: so whoever takes it knows that
no older owner lives, and that leases left behind are nobody's.
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
    """Who has the lock; `only`: the one thing that it works on, "" for everything."""

    pid: int
    command: str
    since: str
    only: str = ""


class Lock:
    """One role ("engine", "serve"); held from `take` until `release`, or the process ends."""

    def __init__(self, database_file: Path, role: str) -> None:
        self.path = database_file.with_name(f"{database_file.name}.{role}")
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._descriptor is not None

    def take(self, owner: Owner) -> Self | None:
        """Try once; None if another has it."""
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
        """Who says to have it; None if nobody ever had, or the note is half written."""
        try:
            return Owner(**json.loads(self.path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def release(self) -> None:
        """Give it back; the file stays, for removing it would race with the next owner."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
