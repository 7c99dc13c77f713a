"""Finds people by a part of their name, their address, or a value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Text, column, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from pli.columns import SQLITE
from pli.errors import PliError
from pli.language import N_
from subscribers.folding import alike, bare, tidy
from subscribers.models import List, Subscriber, Subscription, SubscriptionState, Suppression

MOST_WORDS = 10
LONGEST = 200
_LIGATURES = re.compile("oe|ae")
_MAY_VARY = frozenset("aceinouyszdlt' -")


class SearchFault(PliError):
    """Nobody can be looked for by that."""


@dataclass(frozen=True, slots=True)
class Found:
    """A person, the lists they have not left, and whether the address is suppressed."""

    person: Subscriber
    lists: Sequence[str]
    suppressed: bool


async def find(session: AsyncSession, text: str, *, limit: int) -> tuple[list[Found], int]:
    """The first people in whom each word of the text stands somewhere, and how many there are.

    Case and accents do not matter. Raises SearchFault for a text without a letter or digit.
    """
    words = [alike(it) for it in tidy(text[:LONGEST]).split()][:MOST_WORDS]
    if not any(letter.isalnum() for word in words for letter in word):
        raise SearchFault(N_("say a part of a name, an address or a value"))
    is_sqlite = session.get_bind().dialect.name == SQLITE
    rows = await session.stream_scalars(
        select(Subscriber)
        .where(*(_holds(word, is_sqlite=is_sqlite) for word in words))
        .order_by(Subscriber.email_folded, Subscriber.id)
        .execution_options(yield_per=1_000)
    )
    shown: list[Subscriber] = []
    count = 0
    async for person in rows:
        if not all(_stands_in(word, person) for word in words):
            continue
        count += 1
        if len(shown) < limit:
            shown.append(person)
    return await _with_lists(session, shown), count


def _holds(word: str, *, is_sqlite: bool) -> ColumnElement[bool]:
    """People in whom a word stands, or one that differs by accents: more than are meant."""
    loose = _LIGATURES.split(word)
    pattern = f"%{'%'.join(''.join(map(_any_accent, it)) for it in loose)}%"
    each = func.json_each if is_sqlite else func.jsonb_each_text
    values = each(Subscriber.attributes).table_valued(column("key"), column("value", Text()))
    in_values = (
        select(values.c.value)
        .where(values.c.value.ilike(pattern, escape="\\"))
        .correlate(Subscriber)
        .exists()
    )
    columns = (Subscriber.email_folded, Subscriber.first_name, Subscriber.last_name)
    return or_(*(it.ilike(pattern, escape="\\") for it in columns), in_values)


def _any_accent(letter: str) -> str:
    if letter in "%_\\":
        return "\\" + letter
    plain = bare(letter)
    return "_" if plain != letter or plain in _MAY_VARY else letter


def _stands_in(word: str, person: Subscriber) -> bool:
    wanted = bare(word)
    values = (
        person.email_folded, person.first_name, person.last_name, *person.attributes.values()
    )  # fmt: skip
    return any(wanted in bare(alike(str(value))) for value in values)


async def _with_lists(session: AsyncSession, people: Sequence[Subscriber]) -> list[Found]:
    ids = [it.id for it in people]
    ties = await session.execute(
        select(Subscription.subscriber_id, List.name)
        .join(List, List.id == Subscription.list_id)
        .where(Subscription.subscriber_id.in_(ids), Subscription.state != SubscriptionState.LEFT)
        .order_by(List.name)
    )
    lists: dict[int, list[str]] = {}
    for subscriber_id, name in ties:
        lists.setdefault(subscriber_id, []).append(name)
    keys = [it.address_key for it in people]
    barred = set(
        await session.scalars(
            select(Suppression.address_key).where(Suppression.address_key.in_(keys))
        )
    )
    return [Found(it, lists.get(it.id, []), it.address_key in barred) for it in people]
