"""Copies a SQLite database into a file, while others write it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncSession

from pli.columns import SQLITE
from pli.database import Database, DatabaseError
from pli.language import N_


async def backup(
    database: Database, file: Path, *, mark: Callable[[AsyncSession], Awaitable[None]]
) -> None:
    """Write a consistent copy of a SQLite database into a new file, even while others write.

    `mark` writes into the copy that it is one; before that, nothing lies under the file's name but
    an empty file. Raises DatabaseError on PostgreSQL, and if the file exists.
    """
    if not database.is_sqlite:
        raise DatabaseError(N_("PostgreSQL has its own tool for this: pg_dump"))
    part = file.with_name(f"{file.name}.part")
    try:
        await asyncio.to_thread(_copy, database.file, part, file)
    except FileExistsError:
        raise DatabaseError(N_("{file}: is there already: name another"), file=str(file)) from None
    try:
        await _marked(part, mark)
        await asyncio.to_thread(part.replace, file)
    except BaseException:
        _remove(file, part)
        raise


def _copy(source: Path | None, part: Path, file: Path) -> None:
    file.touch(mode=0o600, exist_ok=False)
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        with closing(sqlite3.connect(str(source))) as there, closing(sqlite3.connect(part)) as here:
            there.backup(here)
    except BaseException:
        _remove(file, part)
        raise


async def _marked(file: Path, mark: Callable[[AsyncSession], Awaitable[None]]) -> None:
    copy = Database(f"{SQLITE}+aiosqlite:///{quote(str(file))}")
    try:
        async with copy.begin() as session:
            await mark(session)
    finally:
        await copy.close()  # the last to close it writes the log into the file


def _remove(file: Path, part: Path) -> None:
    for left in (file, part, *(Path(f"{part}{it}") for it in ("-wal", "-shm"))):
        left.unlink(missing_ok=True)
