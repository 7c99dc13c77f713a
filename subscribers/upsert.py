"""INSERT that lets a row that is already there win: both databases know it, each in its dialect."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from pli.database import SQLITE, Base


def insert_into(
    session: AsyncSession | Session, model: type[Base]
) -> sqlite.Insert | postgresql.Insert:
    """The INSERT of this session's database, with `on_conflict_do_nothing` and `…_do_update`."""
    is_sqlite = session.get_bind().dialect.name == SQLITE
    return sqlite.insert(model) if is_sqlite else postgresql.insert(model)
