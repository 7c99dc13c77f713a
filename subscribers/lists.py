"""Lists: subjects that people can join or leave."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pli import audit
from pli.actor import NOBODY, Actor
from pli.audit import AuditAction, AuditObject
from pli.errors import PliError
from pli.language import N_
from subscribers import list_names
from subscribers.folding import slug, tidy
from subscribers.models import List, Subscriber, Subscription, SubscriptionState, Suppression

_NAME = re.compile(r"[a-z0-9](-?[a-z0-9]){0,63}")


class ListError(PliError):
    """No list has this name, or no list can have it."""


@dataclass(frozen=True, slots=True)
class CountedList:
    """A list, and how many subscriptions to it are in each state, without suppressed addresses.

    `suppressed` counts the people who have not left and whose address is never written to.
    """

    name: str
    title: str
    relays: Sequence[str]
    numbers: Mapping[SubscriptionState, int]
    suppressed: int


async def create(
    session: AsyncSession,
    *,
    name: str,
    title: str = "",
    description: str = "",
    language: str = "fr",
    by: Actor = NOBODY,
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
    _trace(session, AuditAction.LIST_MADE, row.id, by=by, now=now)
    return row


async def edit(
    session: AsyncSession,
    *,
    name: str,
    title: str | None = None,
    language: str | None = None,
    relays: Sequence[str] | None = None,
    by: Actor = NOBODY,
    now: datetime,
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
    _trace(session, AuditAction.LIST_CHANGED, row.id, by=by, now=now)
    return row


def _trace(
    session: AsyncSession, action: AuditAction, list_id: int, *, by: Actor, now: datetime
) -> None:
    if by != NOBODY:
        audit.record(
            session,
            by=by,
            action=action,
            kind=AuditObject.LIST,
            object_id=list_id,
            list_id=list_id,
            now=now,
        )


async def find(session: AsyncSession, name: str) -> List | None:
    """The list of that name, or None."""
    return await session.scalar(select(List).where(List.name == name))


async def get(session: AsyncSession, name: str) -> List:
    """The list of that name; raises ListError, which suggests the nearest name."""
    found = await find(session, name)
    if found is not None:
        return found
    names = [row.name for row in await everything(session)]
    near = list_names.nearest(name, names) or next(iter(get_close_matches(name, names, 1)), None)
    if near:
        raise ListError(
            N_('there is no list called "{name}": is "{near}" meant?'), name=name, near=near
        )
    raise ListError(N_('there is no list called "{name}": see "pli list show"'), name=name)


async def everything(session: AsyncSession) -> list[List]:
    """All lists, by name."""
    return list(await session.scalars(select(List).order_by(List.name)))


async def meant(session: AsyncSession, name: str) -> str | None:
    """The list whose name is so near to `name` that a slip is likely; None if there is none.

    None as well if a list has that very name.
    """
    return list_names.nearest(name, [row.name for row in await everything(session)])


async def sizes(session: AsyncSession, list_ids: Collection[int]) -> dict[int, int]:
    """How many people are confirmed on each of these lists, whatever else hinders them."""
    rows = await session.execute(
        select(Subscription.list_id, func.count())
        .where(
            Subscription.list_id.in_(list_ids),
            Subscription.state == SubscriptionState.CONFIRMED,
        )
        .group_by(Subscription.list_id)
    )
    return dict.fromkeys(list_ids, 0) | {it.list_id: int(it[1]) for it in rows}


async def counted(session: AsyncSession) -> list[CountedList]:
    """All lists, by name, with how many are on each."""
    barred = exists().where(
        Suppression.address_key == Subscriber.address_key,
        Subscription.state != SubscriptionState.LEFT,
    )
    rows = await session.execute(
        select(Subscription.list_id, Subscription.state, barred, func.count())
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .group_by(Subscription.list_id, Subscription.state, barred)
    )
    numbers: Counter[tuple[int, SubscriptionState | None]] = Counter()
    for list_id, state, is_barred, n in rows:
        numbers[list_id, None if is_barred else state] += n
    return [
        CountedList(
            it.name,
            it.title,
            tuple(it.relays),
            {state: numbers[it.id, state] for state in SubscriptionState},
            numbers[it.id, None],
        )
        for it in await everything(session)
    ]
