"""Lists: subjects that people can join or leave."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pli.errors import PliError
from pli.language import N_
from subscribers.folding import slug, tidy
from subscribers.models import List, Subscription, SubscriptionState

_NAME = re.compile(r"[a-z0-9](-?[a-z0-9]){0,63}")


class ListError(PliError):
    """No list has this name, or no list can have it."""


@dataclass(frozen=True, slots=True)
class CountedList:
    """A list, and how many subscriptions to it are in each state."""

    name: str
    title: str
    relays: Sequence[str]
    numbers: Mapping[SubscriptionState, int]


async def create(
    session: AsyncSession,
    *,
    name: str,
    title: str = "",
    description: str = "",
    language: str = "fr",
    now: datetime,
) -> List:
    """Make a list; without a title, its name is the title.

    The name stands in web addresses for ever: small ASCII letters, digits and hyphens, 64 at most.
    Raises ListError.
    """
    if len(name) > 64 or not _NAME.fullmatch(name):
        raise ListError(
            N_('a list cannot be called "{name}": take small letters, digits and hyphens{hint}'),
            name=name,
            hint=f": {hint}" if (hint := slug(name, "-")[:64].strip("-")) else "",
        )
    if await find(session, name) is not None:
        raise ListError(N_("there is already a list called {name}"), name=name)
    row = List(
        name=name,
        title=tidy(title)[:200] or name,
        description=description,
        language=language,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def edit(
    session: AsyncSession,
    *,
    name: str,
    title: str | None = None,
    language: str | None = None,
    relays: Sequence[str] | None = None,
) -> List:
    """Change a list where a value is given; empty `relays`: all relays, in the settings' order.

    Raises ListError.
    """
    row = await get(session, name)
    if title is not None:
        row.title = tidy(title)[:200] or row.name
    if language is not None:
        row.language = language
    if relays is not None:
        row.relays = list(dict.fromkeys(relays))
    await session.flush()
    return row


async def find(session: AsyncSession, name: str) -> List | None:
    """The list of that name, or None."""
    return await session.scalar(select(List).where(List.name == name))


async def get(session: AsyncSession, name: str) -> List:
    """The list of that name; raises ListError, which suggests the nearest name."""
    found = await find(session, name)
    if found is not None:
        return found
    near = get_close_matches(name, [row.name for row in await everything(session)], 1)
    if near:
        raise ListError(
            N_('there is no list called "{name}": is "{near}" meant?'), name=name, near=near[0]
        )
    raise ListError(N_('there is no list called "{name}": see "pli list show"'), name=name)


async def everything(session: AsyncSession) -> list[List]:
    """All lists, by name."""
    return list(await session.scalars(select(List).order_by(List.name)))


async def counted(session: AsyncSession) -> list[CountedList]:
    """All lists, by name, with how many are on each."""
    rows = await session.execute(
        select(Subscription.list_id, Subscription.state, func.count()).group_by(
            Subscription.list_id, Subscription.state
        )
    )
    numbers = Counter({(list_id, state): n for list_id, state, n in rows})
    return [
        CountedList(
            it.name,
            it.title,
            tuple(it.relays),
            {state: numbers[it.id, state] for state in SubscriptionState},
        )
        for it in await everything(session)
    ]
