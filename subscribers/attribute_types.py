"""Gives an attribute another type: tries it on every value, and then reads the values anew.

A value that the new type cannot read stays as it was written. Rules do not find it until somebody
corrects it, and nothing is lost.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pli.actor import NOBODY, Actor
from pli.errors import PliError
from pli.language import Sentence
from subscribers import attributes, people, rules, segments
from subscribers.models import Attribute, AttributeType, Subscriber
from subscribers.rules import Vocabulary
from subscribers.values import Value, ValueFault, as_compared, as_kept, read_value

EXAMPLES = 5
PAGE = 1_000
_LOSES_SIGNS = re.compile(r"\+|0\d")


@dataclass(frozen=True, slots=True)
class Described:
    """A declared attribute, and how many people have a value of it."""

    name: str
    type: AttributeType
    label: str
    people: int


@dataclass(frozen=True, slots=True)
class Shown:
    """An attribute with its most frequent values, and how many values each type can read."""

    described: Described
    frequent: Sequence[tuple[str, int]]
    readable: dict[AttributeType, int]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that cannot be read as the type, whose it is, and why not."""

    email: str
    value: str
    reason: Sentence


@dataclass(slots=True)
class Trial:
    """What another type makes of an attribute's values.

    `altered` counts values that lose signs as numbers (01000, +33 …), with examples of what was
    written and what it becomes. `segments` are saved rules that cannot be read with the new type.
    """

    name: str
    before: AttributeType
    after: AttributeType
    readable: int = 0
    unreadable: int = 0
    altered: int = 0
    examples: list[Unreadable] = field(default_factory=list)
    altered_examples: list[tuple[str, str]] = field(default_factory=list)
    segments: list[tuple[str, Sentence]] = field(default_factory=list)


async def described(session: AsyncSession) -> list[Described]:
    """All attributes, by name."""
    rows = (await session.scalars(select(Attribute).order_by(Attribute.name))).all()
    return [Described(it.name, it.type, it.label, await _count(session, it.name)) for it in rows]


async def show(session: AsyncSession, name: str, *, frequent: int = 10) -> Shown:
    """One attribute; raises AttributeFault."""
    row = await attributes.get(session, name)
    values: Counter[str] = Counter()
    readable: Counter[AttributeType] = Counter()
    async for page in _pages(session, row.name):
        for person in page:
            written = _written(person.attributes[row.name])
            values[written] += 1
            readable.update(it for it in AttributeType if _read(written, it) is not None)
    total = values.total()
    return Shown(
        Described(row.name, row.type, row.label, total),
        values.most_common(frequent),
        {it: readable[it] for it in AttributeType},
    )


async def trial(session: AsyncSession, *, name: str, type: AttributeType) -> Trial:
    """What `retype` would come to; writes nothing. Raises AttributeFault."""
    row = await attributes.get(session, name)
    found = Trial(row.name, row.type, type)
    async for page in _pages(session, row.name):
        for person in page:
            _try(person, found)
    found.segments = await _broken(session, found)
    return found


async def retype(
    session: AsyncSession,
    *,
    name: str,
    type: AttributeType,
    by: Actor = NOBODY,
    now: datetime | None = None,
) -> Trial:
    """Give an attribute another type, and read its values anew; raises AttributeFault."""
    row = await attributes.get(session, name)
    found = Trial(row.name, row.type, type)
    async for page in _pages(session, row.name):
        changed = []
        for person in page:
            value = _try(person, found)
            kept = {**person.attributes}
            compared = {**person.folded}
            if value is None:
                kept[row.name] = _written(kept[row.name])
                compared.pop(row.name, None)
            else:
                kept[row.name] = as_kept(value)
                compared[row.name] = as_compared(value)
            if kept != person.attributes or compared != person.folded:
                changed.append({"id": person.id, "attributes": kept, "folded": compared})
        await people.rewrite(session, changed)
    found.segments = await _broken(session, found)
    await attributes.set_type(session, name=row.name, type=type, by=by, now=now)
    return found


def _try(person: Subscriber, found: Trial) -> Value | None:
    """Read one person's value as the new type and count it; None if that cannot be done."""
    written = _written(person.attributes[found.name])
    try:
        value = read_value(written, found.after)
    except ValueFault as fault:
        found.unreadable += 1
        if len(found.examples) < EXAMPLES:
            found.examples.append(Unreadable(person.email, written, fault.sentences[0]))
        return None
    found.readable += 1
    if found.after is AttributeType.NUMBER and _LOSES_SIGNS.match(written.strip()):
        found.altered += 1
        if len(found.altered_examples) < EXAMPLES:
            found.altered_examples.append((written, str(value)))
    return value


def _read(written: str, type: AttributeType) -> Value | None:
    try:
        return read_value(written, type)
    except ValueFault:
        return None


def _written(kept: object) -> str:
    """A kept value as a person would write it."""
    if isinstance(kept, bool):
        return "oui" if kept else "non"
    return str(kept)


async def _count(session: AsyncSession, name: str) -> int:
    statement = select(func.count()).where(Subscriber.attributes[name].as_string().is_not(None))
    return (await session.execute(statement)).scalar_one()


async def _pages(session: AsyncSession, name: str) -> AsyncIterator[Sequence[Subscriber]]:
    """Yield the people who have a value, some at a time: a large list is never all in memory."""
    last = 0
    while True:
        page = (
            await session.scalars(
                select(Subscriber)
                .where(
                    Subscriber.id > last,
                    Subscriber.attributes[name].as_string().is_not(None),
                )
                .order_by(Subscriber.id)
                .limit(PAGE)
            )
        ).all()
        if not page:
            return
        yield page
        last = page[-1].id
        for person in page:
            session.expunge(person)


async def _broken(session: AsyncSession, found: Trial) -> list[tuple[str, Sentence]]:
    """The saved segments that cannot be read once the attribute has its new type."""
    known: Vocabulary = await segments.vocabulary(session)
    after = replace(known, attributes={**known.attributes, found.name: found.after})
    broken = []
    for segment in await segments.everything(session):
        try:
            rules.parse(segment.rule, after)
        except rules.RuleError as error:
            broken.append((segment.name, error.problem))
        except PliError as error:
            broken.append((segment.name, error.sentences[0]))
    return broken
