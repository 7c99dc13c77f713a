"""A Maildir is read under a lock, each mail is taken once, and one that cannot be read is told."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.intake import taking
from mailer.intake.maildir import Maildir, MaildirError
from mailer.intake.taking import Taken
from mailer.intake_models import IntakeMail
from pli.database import Database, DatabaseAway


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("tmp", "new", "cur"):
        (tmp_path / "box" / name).mkdir(parents=True)
    return tmp_path / "box"


@pytest.fixture
async def file(sqlite_url: str) -> AsyncIterator[Database]:
    database = Database(sqlite_url)
    yield database
    await database.close()


def deliver(folder: Path, count: int) -> None:
    for n in range(count):
        (folder / "new" / f"{n}.host").write_bytes(b"Subject: %d\n\nx\n" % n)


def names(folder: Path, name: str) -> list[str]:
    return sorted(it.name for it in (folder / name).iterdir())


async def read(database: Database, folder: Path) -> list[Taken]:
    box = Maildir(folder)
    with box.held():
        return [it async for it in box.read(database)]


async def test_mails_are_claimed_kept_and_marked_and_a_dead_readers_are_taken_again(
    file: Database, folder: Path
) -> None:
    deliver(folder, 3)
    (folder / "cur" / "9.host:2,F").write_bytes(b"Subject: 9\n\nclaimed by who died\n")
    (folder / "cur" / "8.host:2,RS").write_bytes(b"Subject: 8\n\nread long ago\n")
    assert await read(file, folder) == [Taken.NEW] * 4
    assert names(folder, "new") == []
    assert names(folder, "cur") == [
        "0.host:2,S", "1.host:2,S", "2.host:2,S", "8.host:2,RS", "9.host:2,FS",
    ]  # fmt: skip
    assert await read(file, folder) == []
    (folder / "cur" / "0.host:2,S").rename(folder / "new" / "again.host")
    assert await read(file, folder) == [Taken.KNOWN]


async def test_two_readers_and_a_folder_that_is_no_maildir_are_refused(
    file: Database, folder: Path
) -> None:
    with Maildir(folder).held(), pytest.raises(MaildirError, match="another process reads it"):
        await read(file, folder)
    with pytest.raises(MaildirError, match="is no Maildir: it has no folder “new”"):
        await read(file, folder.parent)


async def test_while_the_database_is_away_nothing_is_marked(
    file: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise DatabaseAway("away")

    deliver(folder, 2)
    with monkeypatch.context() as now:
        now.setattr(taking, "take", away)
        with pytest.raises(DatabaseAway):
            await read(file, folder)
    assert names(folder, "cur") == ["0.host:2,", "1.host:2,"]
    assert await read(file, folder) == [Taken.NEW] * 2


async def test_on_a_full_disk_no_mail_is_lost_and_the_fault_is_told(
    file: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(folder, 2)

    def full(self: Path, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(self), None, str(target))

    box = Maildir(folder)
    with box.held():
        with monkeypatch.context() as now:
            now.setattr(Path, "rename", full)
            assert [it async for it in box.read(file)] == []
        assert [str(it) for it in names(folder, "new")] == ["0.host", "1.host"]
        assert len(box.faults) == 2
        assert "No space left on device" in box.faults[0].tell("en")
        assert [it async for it in box.read(file)] == [Taken.NEW] * 2
    async with file.reading() as session:
        assert await session.scalar(select(func.count()).select_from(IntakeMail)) == 2


async def test_what_is_no_mail_or_cannot_be_kept_is_told_once_and_holds_up_no_other(
    file: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(folder, 4)
    os.mkfifo(folder / "new" / "pipe.host")
    (folder / "new" / "folder.host").mkdir()
    (folder / "new" / "link.host").symlink_to("/etc/hostname")
    take = taking.take

    async def poisoned(session: AsyncSession, **named: Any) -> Taken:
        if named["raw"].startswith(b"Subject: 2"):
            raise KeyError("anne@example.org")
        return await take(session, **named)

    monkeypatch.setattr(taking, "take", poisoned)
    box = Maildir(folder)
    with box.held():
        assert [it async for it in box.read(file)] == [Taken.NEW] * 3
        told = sorted(it.tell("en").rpartition("/")[2] for it in box.faults)
        assert told == [
            "2.host:2,: a fault of Pli: see the log",
            "folder.host:2,: is no file",
            "link.host:2,: Too many levels of symbolic links",
            "pipe.host:2,: is no file",
        ]
        box.faults.clear()
        assert [it async for it in box.read(file)] == []
        assert box.faults == []
        monkeypatch.setattr(taking, "take", take)
        assert [it async for it in box.read(file)] == [Taken.NEW]
