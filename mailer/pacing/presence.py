"""Presence: by a locked file, a worker shows the other workers of its machine that it lives.

The journal uses the same kind of lock. The kernel releases it when its owner dies. So another
worker of the machine frees a dead worker's shares at once, and need not wait for their lease.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

_SUFFIX = ".share"


class Presence:
    """One worker's file in a folder of this machine, named by `installation` and `holder`."""

    def __init__(self, folder: Path, installation: str, holder: int) -> None:
        self._folder = folder
        self._installation = installation
        self._path = self._of(holder)
        self._descriptor: int | None = None

    def begin(self) -> None:
        """Make and lock the file. If that fails (a full disk), only the lease tells who lives."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self._path.with_suffix(".beginning")
            self._descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            # Renamed last: a reader that finds the file by its name finds it locked.
            new.rename(self._path)

    def end(self) -> None:
        """Remove the file; called when the shares have been given back."""
        if self._descriptor is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def dead(self) -> list[int]:
        """The holders on this machine whose process is gone."""
        found = []
        with suppress(OSError):
            for path in self._folder.glob(f"{self._installation}-*{_SUFFIX}"):
                if path != self._path and _is_free(path):
                    found.append(int(path.stem.rpartition("-")[2], 16))
        return found

    def forget(self, holders: list[int]) -> None:
        """Remove the files of holders whose shares have been freed."""
        for holder in holders:
            with suppress(OSError):
                self._of(holder).unlink(missing_ok=True)

    def _of(self, holder: int) -> Path:
        return self._folder / f"{self._installation}-{holder:016x}{_SUFFIX}"


def _is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
