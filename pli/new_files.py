"""Writes several new files at once: all of them, or none."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path


def written_together(files: Mapping[Path, bytes]) -> None:
    """Write all files or none, and none over one that is there; raises OSError.

    Each is written beside its place first, so that a full disk leaves nothing half.
    """
    beside = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in files}
    placed: list[Path] = []
    try:
        for path, data in files.items():
            if path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
            beside[path].write_bytes(data)
        for path in files:
            # Unlike a renaming, a link is never put over a file that came in between.
            try:
                path.hardlink_to(beside[path])
            except FileExistsError as error:
                # The system's error begins with the file beside.
                raise FileExistsError(error.errno, error.strerror, str(path)) from None
            placed.append(path)
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        raise
    finally:
        for path in beside.values():
            path.unlink(missing_ok=True)
