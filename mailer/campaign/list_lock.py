"""The lock on lists under which one asks whether a letter went out already, and prepares it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from subscribers.models import List


async def lock_lists(session: AsyncSession, list_ids: Sequence[int], *, waits: bool = True) -> bool:
    """From here to the end of the transaction nobody else prepares a sending to these lists.

    Two that ask at one moment whether a letter was sent already would both hear no. Before the
    campaign's row, always. False: somebody else has one of them, and `waits` was not allowed.
    """
    held = await session.scalars(
        select(List.id)
        .where(List.id.in_(list_ids))
        .order_by(List.id)
        # Not as strong as a deletion: people come and go meanwhile.
        .with_for_update(key_share=True, skip_locked=not waits)
    )
    return set(held) >= set(list_ids)
