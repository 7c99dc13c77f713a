"""This package's tables: which keys a database knows, and which program migrated it."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from pli.columns import Base


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
