"""Locks lists while a process asks whether a letter went out already, and prepares its copies."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from subscribers.models import List


async def lock_lists(session: AsyncSession, list_ids: Sequence[int], *, waits: bool = True) -> bool:
    """Keep all others from preparing a sending to these lists until the transaction ends.

    Without the lock, two processes that ask at one moment whether a letter was sent already would
    both hear no. Always lock the lists before the campaign's row. False: another process has locked
    one of the lists, and `waits` is False.
    """
    held = await session.scalars(
        select(List.id)
        .where(List.id.in_(list_ids))
        .order_by(List.id)
        # NO KEY UPDATE, so that people can still be subscribed to these lists meanwhile.
        .with_for_update(key_share=True, skip_locked=not waits)
    )
    return set(held) >= set(list_ids)
