"""A file that says who has jobs of the queues on this machine, and by its lock, whether he lives.

PgQueuer notices a dead process by the silence of its heartbeats, half a minute later. The lock of a
file ends with its process: whoever gets it knows at once that nobody works on those jobs.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

_SUFFIX = ".jobs"
UNFINISHED = ".new"
"""What a file ends with until it has its name; `Journal` removes those of dead processes."""


class Held:
    """A file that its process holds; it goes at the end only if the jobs were given back."""

    given_back = False


@contextmanager
def held(folder: Path, installation: str, manager: UUID) -> Iterator[Held]:
    """Hold the file of a manager while its jobs are worked on; OSError if that fails.

    `installation` names the database that the queues are in.
    """
    file = Held()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{manager}{_SUFFIX}"
    new = path.with_suffix(UNFINISHED)
    descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, json.dumps({"installation": installation}).encode())
        # Renamed last: a reader that finds the file by its name finds it locked and complete.
        new.rename(path)
        yield file
    finally:
        for it in (new, path) if file.given_back else (new,):
            with suppress(FileNotFoundError):
                it.unlink()
        os.close(descriptor)


def left_behind(folder: Path, installation: str) -> Iterator[tuple[UUID, Path]]:
    """The managers of dead processes, with their files; each is locked until the next is asked.

    Whoever has given the jobs back removes the file.
    """
    try:
        paths = sorted(folder.glob(f"*{_SUFFIX}"))
    except OSError:
        return
    for path in paths:
        with _locked(path) as text:
            manager = _manager(path, text, installation)
            if manager is not None:
                yield manager, path


@contextmanager
def _locked(path: Path) -> Iterator[str]:
    """What the file says, "" if its process lives or another one looks at it just now."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield ""
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield ""
        else:
            yield os.read(descriptor, 4096).decode(errors="replace")
    finally:
        os.close(descriptor)


def _manager(path: Path, text: str, installation: str) -> UUID | None:
    try:
        if json.loads(text)["installation"] != installation:
            return None
        return UUID(path.stem)
    except (ValueError, KeyError, TypeError):
        return None
