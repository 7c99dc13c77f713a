"""Several files are written together or not at all, whatever the file system knows of links."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from pli.new_files import written_together


@pytest.fixture(params=[None, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with links, and others that refuse them as FAT and network shares do."""
    number = request.param
    if number is not None:

        def refuse(self: Path, _target: Path) -> None:
            raise OSError(number, os.strerror(number), str(self))

        monkeypatch.setattr(Path, "hardlink_to", refuse)
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(it.name for it in folder.iterdir())


def test_all_files_are_written(folder: Path) -> None:
    written_together({folder / "a": b"1", folder / "b": b"2"})
    assert names(folder) == ["a", "b"]
    assert (folder / "b").read_bytes() == b"2"


def test_nothing_is_written_over_a_file_not_even_one_that_came_in_between(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "b").write_bytes(b"mine")
    with pytest.raises(FileExistsError) as refused:
        written_together({folder / "a": b"1", folder / "b": b"2"})
    assert refused.value.filename == str(folder / "b")
    monkeypatch.setattr(Path, "exists", lambda _: False)
    with pytest.raises(FileExistsError) as refused:
        written_together({folder / "a": b"1", folder / "b": b"2"})
    assert refused.value.filename == str(folder / "b")
    assert names(folder) == ["b"]
    assert (folder / "b").read_bytes() == b"mine"


def test_another_fault_of_the_system_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, "full", str(self))

    monkeypatch.setattr(Path, "hardlink_to", full)
    with pytest.raises(OSError, match="full"):
        written_together({tmp_path / "a": b"1"})
    assert names(tmp_path) == []
