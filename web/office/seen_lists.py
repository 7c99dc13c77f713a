"""Which lists of a sending somebody sees: all of them, some, or none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException

from accounts.abilities import Ability, Granted
from mailer.report import summary


async def lists_of_sending(
    session: AsyncSession, values: Mapping[str, Any]
) -> Collection[int] | None:
    """The lists of the sending in the path; None if there is no such sending."""
    return await summary.lists_of(session, values["id"])


def seen(granted: Granted, ability: Ability, lists: Collection[int]) -> frozenset[int] | None:
    """The lists among these on which one may do that; None: on all of them. 404: on none."""
    on = granted.lists_for(ability)
    if on.cover(lists):
        return None
    some = frozenset(on.among(lists))
    if not some:
        raise HTTPException(404)
    return some
