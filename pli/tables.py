"""The tables of the ground: which keys a database knows, and which program brought it up."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from pli.columns import Base


class KeyFingerprint(Base):
    """What is kept of each key of pli.keys, so that other keys are noticed."""

    __tablename__ = "key_fingerprint"
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(32))


class Program(Base):
    """The version of the program that last brought this database up; one row."""

    __tablename__ = "program"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    version: Mapped[str] = mapped_column(String(32))
