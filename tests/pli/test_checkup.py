"""The check-up of package pli: it tells of damaged files, full disks, other keys, wrong clocks."""

from __future__ import annotations

import shutil
from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import pytest

from pli import checkup, schema
from pli import keys as key_ring
from pli.checks import State
from pli.database import Database, DatabaseError
from pli.keys import Keys
from tests.clock import NOW

Usage = namedtuple("Usage", "total used free")


async def test_a_sound_database_is_fine(database: Database, keys: Keys) -> None:
    (only,) = await checkup.database(database, keys)
    assert only.state is State.OK
    assert f"version {schema.head()}" in str(only.told)


async def test_other_keys_are_refused(database: Database) -> None:
    with pytest.raises(key_ring.KeysError):
        await checkup.database(database, key_ring.generate())


@pytest.mark.parametrize("first", [0, 8, 30], ids=["header", "schema", "pages"])
async def test_a_damaged_file_is_told(first: int, sqlite_url: str, keys: Keys) -> None:
    spoil(Path(sqlite_url.removeprefix("sqlite+aiosqlite:///")), first)
    database = Database(sqlite_url)
    try:
        (only,) = await checkup.database(database, keys)
    finally:
        await database.close()
    assert only.state is State.ERROR
    assert "damaged" in str(only.told)
    assert "backup" in str(only.remedy)


def spoil(file: Path, first: int) -> None:
    """Overwrite the beginning of every page of the file, from page `first` on."""
    octets = bytearray(file.read_bytes())
    page = int.from_bytes(octets[16:18], "big")
    for start in range(first * page, len(octets), page):
        octets[start : start + 8] = b"\xff" * 8
    file.write_bytes(bytes(octets))


async def test_a_database_that_is_not_there_is_told(tmp_path: Path, keys: Keys) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/none.db")
    with pytest.raises(DatabaseError, match="no such database"):
        await checkup.database(database, keys)


async def test_the_clocks_of_one_machine_agree(database: Database) -> None:
    assert (await checkup.clock(database, None)).state is State.OK


@pytest.mark.parametrize(
    ("ahead", "latest", "state"),
    [
        (1, -60, State.OK),
        (10, -60, State.WARNING),
        (-10, -60, State.WARNING),
        (-3600, -60, State.ERROR),
        (0, 30, State.WARNING),
        (0, 86_400, State.ERROR),
    ],
)
def test_a_clock_is_judged_by_the_database_and_by_what_is_over(
    ahead: float, latest: float, state: State
) -> None:
    told = checkup.judge_clock(NOW, timedelta(seconds=ahead), NOW + timedelta(seconds=latest))
    assert told.state is state
    assert (told.remedy is None) is (state is State.OK)


def test_a_folder_is_tried_by_writing_and_leaves_nothing(tmp_path: Path) -> None:
    told = checkup.disk("disk.journal", tmp_path / "not" / "yet")
    assert told.state is State.OK
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_stops_a_sending(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = checkup.disk("disk.journal", tmp_path / "file")
    assert told.state is State.ERROR
    assert "cannot be written to" in str(told.told)


@pytest.mark.parametrize(
    ("free", "state"),
    [(10_000_000, State.ERROR), (500_000_000, State.WARNING), (5_000_000_000, State.OK)],
)
def test_room_that_is_short_is_told(
    free: int, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free, 0, free))
    assert checkup.disk("disk.journal", tmp_path).state is state


def test_keys_are_told_by_their_fingerprint_alone(tmp_path: Path) -> None:
    ring = key_ring.generate()
    file = tmp_path / "pli.keys"
    key_ring.write(ring, file)
    told = str(checkup.keys(file, ring, {}).told)
    assert "mode 600" in told
    assert ring.address.hex()[:8] not in told
    assert "PLI_KEYS" in str(checkup.keys(file, ring, {"PLI_KEYS": "…"}).told)
