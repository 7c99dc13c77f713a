"""This package's tables: which keys a database knows, which program migrated it, where it lives."""

from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from pli.columns import Base, Id


class KeyFingerprint(Base):
    """The fingerprint of each key in pli.keys, by which other keys are noticed."""

    __tablename__ = "key_fingerprint"
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(32))


class Program(Base):
    """The version of the program that last migrated this database; one row."""

    __tablename__ = "program"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    version: Mapped[str] = mapped_column(String(32))


class Home(Base):
    """Where this database is at home, and how often an engine has begun to work on it; one row.

    `adopted` counts how often a person said that it is at home where it is now. `inode` and `path`
    are of a SQLite file; None is unknown, and proves nothing. `backup_of` is set in a file that
    `pli db backup` wrote: the hour, as a person named it.
    """

    __tablename__ = "home"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    adopted: Mapped[int] = mapped_column(Id, default=0, server_default="0")
    starts: Mapped[int] = mapped_column(Id, default=0, server_default="0")
    inode: Mapped[str | None] = mapped_column(String(20))
    path: Mapped[str | None] = mapped_column(Text)
    backup_of: Mapped[str | None] = mapped_column(String(64))
