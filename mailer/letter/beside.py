"""Reads the files that lie beside a letter: plain files in its folder or below, of a known size."""

from __future__ import annotations

import enum
import os
import stat
from pathlib import Path


class Trouble(enum.Enum):
    """Why a file cannot be taken."""

    OUTSIDE = "outside"
    ABSENT = "absent"
    NO_FILE = "no file"
    TOO_LARGE = "too large"


class FileTrouble(Exception):
    """A file beside a letter cannot be taken; `size` in bytes, where it is too large."""

    def __init__(self, trouble: Trouble, size: int = 0) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
        self.size = size


def read(folder: Path, name: str, most: int) -> bytes:
    """The bytes of a file named relative to a letter's folder; FileTrouble if it cannot be taken.

    A link that leads out of the folder is refused like a name that does. Nothing waits for what is
    no plain file, such as a pipe.
    """
    try:
        root = folder.resolve()
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise FileTrouble(Trouble.OUTSIDE)
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    # RuntimeError: links that lead to each other, up to Python 3.12.
    except (OSError, ValueError, RuntimeError):
        raise FileTrouble(Trouble.ABSENT) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise FileTrouble(Trouble.NO_FILE)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise FileTrouble(Trouble.TOO_LARGE, max(len(data), found.st_size))
        return data
    except OSError:
        raise FileTrouble(Trouble.ABSENT) from None
    finally:
        os.close(descriptor)
