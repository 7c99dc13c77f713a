"""A database knows where it is at home: a copy, a backup and an older state are strangers."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from pli import backup as backups
from pli import home, schema
from pli.database import Database, DatabaseError
from pli.home import Count, Here, NotAtHome
from pli.tables import Home


def here_of(database: Database, folder: Path) -> Here:
    return Here(database.file, folder / "pli.journal", "0123456789abcdef")


async def why(database: Database, here: Here) -> str | None:
    async with database.reading() as session:
        told = await home.stranger(session, here)
    return str(told) if told else None


async def began(database: Database, here: Here) -> Count:
    """As each engine begins."""
    async with database.begin() as session:
        count = await home.begin(session, here)
    here.note(count)
    return count


async def adopted(database: Database, here: Here) -> Count:
    async with database.begin() as session:
        count = await home.adopt(session, here)
    here.note(count)
    return count


async def set_back(database: Database, count: Count) -> None:
    """As an older state that was brought back in place."""
    async with database.begin() as session:
        row = (await session.execute(select(Home))).scalar_one()
        row.adopted, row.starts = count


async def test_each_engine_counts_and_a_database_behind_the_note_is_older(
    database: Database, tmp_path: Path
) -> None:
    here = here_of(database, tmp_path)
    assert await why(database, here) is None
    first, second = await began(database, here), await began(database, here)
    assert first < second == here.noted()
    assert await why(database, here) is None
    await set_back(database, first)
    assert "older" in (await why(database, here) or "")
    with pytest.raises(NotAtHome, match="pli db adopt"):
        await began(database, here)
    assert here.noted() == second


async def test_an_adopted_database_is_at_home_and_every_state_before_it_is_older(
    database: Database, tmp_path: Path
) -> None:
    here = here_of(database, tmp_path)
    for _ in range(5):
        latest = await began(database, here)
    await set_back(database, Count(0, 2))
    assert await adopted(database, here) > latest
    assert await why(database, here) is None
    await began(database, here)
    for state in (Count(0, 2), latest, Count(0, 2_000)):
        await set_back(database, state)
        assert await why(database, here) is not None


async def test_another_machines_note_may_be_behind_and_an_empty_folder_proves_nothing(
    database: Database, tmp_path: Path
) -> None:
    here = here_of(database, tmp_path / "one")
    other = here_of(database, tmp_path / "other")
    await began(database, other)
    for _ in range(3):
        await began(database, here)
    assert await why(database, other) is None
    await set_back(database, Count(0, 0))
    assert await why(database, here_of(database, tmp_path / "new")) is None
    # One machine adopts it for all: the note of the other is behind, as it may be.
    await adopted(database, here)
    assert await why(database, other) is None


async def test_a_folder_may_serve_several_installations(database: Database, tmp_path: Path) -> None:
    here = here_of(database, tmp_path)
    other = replace(here, installation="fedcba9876543210")
    other.note(Count(3, 9))
    assert await why(database, here) is None
    assert (here.noted(), other.noted()) == (None, Count(3, 9))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"adopted": 1}', '{"adopted": 1, "starts": "x"}'])
async def test_a_note_that_cannot_be_read_proves_nothing(
    text: str, database: Database, tmp_path: Path
) -> None:
    here = here_of(database, tmp_path)
    await began(database, here)
    (note,) = here.folder.iterdir()
    note.write_text(text)
    assert here.noted() is None
    assert await why(database, here) is None
    await began(database, here)
    assert here.noted() == Count(0, 2)


async def test_a_note_never_goes_back(database: Database, tmp_path: Path) -> None:
    here = here_of(database, tmp_path)
    here.note(Count(1, 5))
    here.note(Count(1, 4))
    here.note(Count(0, 9))
    assert here.noted() == Count(1, 5)
    assert [it.name for it in here.folder.iterdir()] == ["0123456789abcdef.home"]
    assert json.loads((here.folder / "0123456789abcdef.home").read_text()) == {
        "adopted": 1,
        "starts": 5,
    }


async def test_a_folder_that_cannot_be_written_to_stops_nothing(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "pli.journal").write_text("a file")
    here = here_of(database, tmp_path)
    await began(database, here)
    assert here.noted() is None


def test_a_counter_that_does_not_rise_is_of_an_older_database() -> None:
    home.refuse_an_older(Count(0, 6), Count(0, 5))
    for raised in (Count(0, 5), Count(0, 4)):
        with pytest.raises(NotAtHome, match="older"):
            home.refuse_an_older(raised, Count(0, 5))


async def made(path: Path) -> Database:
    database = Database(f"sqlite+aiosqlite:///{path}")
    await schema.upgrade(database)
    return database


async def test_who_looks_while_another_process_counts_and_notes_sees_no_older_database(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = here_of(database, tmp_path)
    await began(database, here)
    noted = Here.noted
    between: list[Count] = []

    def late(it: Here) -> Count | None:
        """Another process has counted and noted just before this one reads the note."""
        if between:
            found.append(between[0])
            it.note(between.pop())
        return noted(it)

    found: list[Count] = []
    async with database.reading() as session:
        async with database.begin() as other:
            between.append(await home.begin(other, here))
        monkeypatch.setattr(Here, "noted", late)
        assert await home.stranger(session, here) is None
    assert found


async def test_a_new_file_is_at_home_and_its_copy_is_not(tmp_path: Path) -> None:
    database = await made(tmp_path / "pli.db")
    assert await why(database, here_of(database, tmp_path)) is None
    await database.close()
    (tmp_path / "beside").mkdir()
    shutil.copy(tmp_path / "pli.db", tmp_path / "beside" / "pli.db")
    copy = await made(tmp_path / "beside" / "pli.db")  # an upgrade moves nobody's home
    here = here_of(copy, tmp_path / "beside")
    assert str(tmp_path / "pli.db") in (await why(copy, here) or "")
    await adopted(copy, here)
    assert await why(copy, here) is None
    await copy.close()


async def test_another_file_in_its_place_is_told_as_such(tmp_path: Path) -> None:
    database = await made(tmp_path / "pli.db")
    await database.close()
    shutil.copy(tmp_path / "pli.db", tmp_path / "kept.db")
    # Not removed: the copy could be given the freed inode.
    (tmp_path / "pli.db").rename(tmp_path / "before.db")
    shutil.copy(tmp_path / "kept.db", tmp_path / "pli.db")
    database = await made(tmp_path / "pli.db")
    assert "another file than before" in (await why(database, here_of(database, tmp_path)) or "")
    await database.close()


async def test_a_file_that_was_moved_stays_at_home(tmp_path: Path) -> None:
    database = await made(tmp_path / "pli.db")
    await database.close()
    (tmp_path / "there").mkdir()
    moved = tmp_path / "there" / "renamed.db"
    (tmp_path / "pli.db").rename(moved)
    database = await made(moved)
    here = here_of(database, tmp_path)
    assert await why(database, here) is None
    await began(database, here)
    async with database.reading() as session:
        assert await session.scalar(select(Home.path)) == str(moved)
    await database.close()


async def test_a_vacuum_and_a_file_that_never_knew_its_place_change_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    database = Database(sqlite_url)
    here = here_of(database, tmp_path)
    assert await why(database, here) is None
    await began(database, here)
    await database.close()
    with closing(sqlite3.connect(tmp_path / "pli.db")) as connection:
        connection.execute("VACUUM")
    database = Database(sqlite_url)
    assert await why(database, here) is None
    await database.close()


def kept_in(folder: Path) -> list[str]:
    return [it.name for it in folder.iterdir() if it.name.startswith("kept")]


@pytest.mark.parametrize("how", ["in place", "elsewhere", "another folder of notes"])
async def test_a_backup_is_at_home_nowhere(how: str, tmp_path: Path) -> None:
    database = await made(tmp_path / "pli.db")
    mark = partial(home.mark_backup, time="2026-11-24 09:00")
    await backups.backup(database, tmp_path / "kept.db", mark=mark)
    assert await why(database, here_of(database, tmp_path)) is None
    await database.close()
    assert kept_in(tmp_path) == ["kept.db"]
    place = tmp_path / ("pli.db" if how == "in place" else "other.db")
    shutil.copy(tmp_path / "kept.db", place)
    database = Database(f"sqlite+aiosqlite:///{place}")
    folder = tmp_path / "new" if "notes" in how else tmp_path
    here = here_of(database, folder)
    assert await why(database, here) == "this database is a backup of 2026-11-24 09:00"
    await adopted(database, here)
    assert await why(database, here) is None
    await database.close()


async def test_a_backup_that_cannot_be_marked_leaves_nothing(tmp_path: Path) -> None:
    database = await made(tmp_path / "pli.db")

    async def fails(_session: object) -> None:
        raise DatabaseError("no")

    with pytest.raises(DatabaseError):
        await backups.backup(database, tmp_path / "kept.db", mark=fails)
    with pytest.raises(FileNotFoundError):
        await backups.backup(database, tmp_path / "no" / "kept.db", mark=fails)
    await database.close()
    assert kept_in(tmp_path) == []
