"""Writes several new files at once: all of them, or none."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

_WITHOUT_LINKS = frozenset((errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL))
"""What systems say of a link on FAT, exFAT, SMB, and folders shared with a virtual machine."""


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
            try:
                _place(beside[path], path)
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


def _place(beside: Path, path: Path) -> None:
    """Give a file its name; FileExistsError if another came in between.

    Unlike a renaming, a link is never put over such a file. FAT and some network shares have no
    links: there the name is taken first by an empty file of ours, and the renaming goes over it.
    """
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _WITHOUT_LINKS:
            raise
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        try:
            beside.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
