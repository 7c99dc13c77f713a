"""A disk that is really full, a database that is really away: no mail is lost or kept twice."""

from __future__ import annotations

import asyncio
import shutil
import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mailer.intake.maildir import Maildir
from mailer.intake.smtp_door import Accepted, DoorPlan, door
from mailer.intake.taking import Taken
from mailer.intake_models import IntakeMail
from pli.database import Database, DatabaseAway
from tests.databases import MigratedDatabase
from tests.servers import PostgreSQL
from tests.specimens.bounces.pieces import TOKENS, return_path

pytestmark = pytest.mark.proof
MAIL = b"Subject: %d\n\n" + b"x" * 20_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root mounts a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no room on the disk while the block inside runs."""
    with (disk / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4_096)
    try:
        yield
    finally:
        (disk / "filler").unlink()


def maildir(place: Path, count: int) -> Path:
    for name in ("tmp", "new", "cur"):
        (place / "box" / name).mkdir(parents=True)
    for n in range(count):
        (place / "box" / "new" / f"{n}.host").write_bytes(MAIL % n)
    return place / "box"


async def read(database: Database, folder: Path) -> list[Taken]:
    box = Maildir(folder)
    with box.held():
        return [it async for it in box.read(database)]


async def mails(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(IntakeMail)) or 0


async def test_a_maildir_and_a_database_on_a_full_disk_keep_each_mail(
    disk: Path, sqlite_url: str, migrated_sqlite: Path
) -> None:
    folder = maildir(disk, 30)
    shutil.copy(migrated_sqlite, disk / "pli.db")
    elsewhere, here = Database(sqlite_url), Database(f"sqlite+aiosqlite:///{disk}/pli.db")
    assert await mails(here) == 0
    with full(disk):
        with pytest.raises(DatabaseAway, match="disk is full"):
            await read(here, folder)
        assert not list((folder / "cur").glob("*:2,*S*"))
        assert await read(elsewhere, folder) == [Taken.NEW] * 30
    for path in (folder / "cur").iterdir():
        path.rename(folder / "new" / path.name.partition(":")[0])
    assert await read(elsewhere, folder) == [Taken.KNOWN] * 30
    for path in (folder / "cur").iterdir():
        path.rename(folder / "new" / path.name.partition(":")[0])
    assert await read(here, folder) == [Taken.NEW] * 30
    assert await mails(here) == await mails(elsewhere) == 30
    for it in (here, elsewhere):
        await it.close()


def handed_over(port: int, number: int) -> int:
    """Hand a bounce to the door; its answer to the letter."""
    with smtplib.LMTP("127.0.0.1", port) as client:
        client.ehlo()
        client.mail("")
        client.rcpt(return_path(number))
        return client.data(MAIL % number)[0]


async def test_the_door_answers_451_while_the_database_is_away_and_250_when_it_is_back(
    migrated_postgresql: MigratedDatabase, postgresql: PostgreSQL
) -> None:
    url = migrated_postgresql.ready()
    name = url.rpartition("/")[2].partition("?")[0]
    database = Database(url)
    async with door(database, DoorPlan("127.0.0.1:0"), Accepted(TOKENS)) as port:
        assert await asyncio.to_thread(handed_over, port, 1) == 250
        await postgresql.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            await postgresql.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )
            assert await asyncio.to_thread(handed_over, port, 2) == 451
        finally:
            await postgresql.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        assert await asyncio.to_thread(handed_over, port, 2) == 250
        assert await asyncio.to_thread(handed_over, port, 2) == 250
    assert await mails(database) == 2
    await database.close()
