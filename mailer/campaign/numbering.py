"""The numbers of a list's letters."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.letter.drafts import making
from subscribers import lists


async def next_number(session: AsyncSession, *, list_name: str) -> int:
    """One more than the highest number of a letter of this list; raises ListError."""
    row = await lists.get(session, list_name)
    return await making.next_number(session, list_id=row.id)
