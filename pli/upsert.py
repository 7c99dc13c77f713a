"""INSERT … ON CONFLICT: both databases have it, and SQLAlchemy has it in each dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from pli.columns import SQLITE, Base

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite


def insert_into(
    session: AsyncSession | Session, model: type[Base]
) -> sqlite.Insert | postgresql.Insert:
    """The INSERT of this session's database, with `on_conflict_do_nothing` and `…_do_update`."""
    # Imported here: each import loads a dialect, and a process needs only that of its database.
    if session.get_bind().dialect.name == SQLITE:
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(model)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(model)
