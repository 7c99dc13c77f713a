"""Segments: rules that select people, saved under names; also counts and samples of people."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pli import audit
from pli.actor import NOBODY, Actor
from pli.audit import AuditAction, AuditObject
from pli.errors import PliError
from pli.language import N_
from subscribers import attributes, completing, rules
from subscribers.completing import Completion, Wanted
from subscribers.models import List, Segment, Subscriber
from subscribers.rules import Rule, Vocabulary
from subscribers.selection import clause

_NAME = re.compile(r"\w[\w-]{0,63}")


class SegmentError(PliError):
    """No segment has this name, or no segment can have it."""


async def vocabulary(session: AsyncSession) -> Vocabulary:
    """What rules may name in this database."""
    lists = frozenset(await session.scalars(select(List.name)))
    return Vocabulary(await attributes.declared(session), lists)


async def resolve(session: AsyncSession, text: str) -> tuple[str, Rule]:
    """The name and the rule that `--segment` gives.

    A text with a `:` or a space is a rule, and its name is "". Any other text is a saved name.
    Raises RuleError, or SegmentError for an unknown name.
    """
    text = text.strip()
    if ":" in text or re.search(r"\s", text):
        return "", await read(session, text)
    segment = await get(session, text)
    return segment.name, await read(session, segment.rule)


async def read(session: AsyncSession, text: str) -> Rule:
    """Parse a rule with this database's vocabulary; raises RuleError."""
    return rules.parse(text, await vocabulary(session))


async def selecting(session: AsyncSession, rule: str) -> ColumnElement[bool]:
    """The clause over Subscriber for a rule that is kept as text; raises RuleError."""
    known = await vocabulary(session)
    return clause(rules.parse(rule, known), known)


async def complete(session: AsyncSession, text: str, position: int) -> Completion:
    """How a rule goes on at a position, with the values that people have; 20 proposals at most.

    A value that fewer than five people have is not proposed: it could tell of one of them. The
    people of the latest 20,000 rows are asked, so that it costs the same however many there are.
    """
    known = await vocabulary(session)
    found = completing.complete(text, position, known)
    if found.wanted is not Wanted.VALUE or not completing.has_values(found.field, known):
        return found
    value = Subscriber.attributes[found.field].as_string()
    lately = (
        select(value.label("value")).order_by(Subscriber.id.desc()).limit(_ASKED_PEOPLE).subquery()
    )
    rows = await session.execute(
        select(lately.c.value)
        .where(lately.c.value.is_not(None), lately.c.value != "")
        .group_by(lately.c.value)
        .having(func.count() >= _FEWEST_PEOPLE)
        .order_by(func.count().desc(), lately.c.value)
        .limit(_MOST_VALUES)
    )
    offered = [completing.quoted(str(it)) for it in rows.scalars()]
    return replace(found, proposals=completing.matching(offered, found.begun))


_ASKED_PEOPLE = 20_000
_FEWEST_PEOPLE = 5
_MOST_VALUES = 1_000


async def save(
    session: AsyncSession, *, name: str, rule: Rule, by: Actor = NOBODY, now: datetime
) -> Segment:
    """Save a rule under a name, in place of the name's former rule; raises SegmentError."""
    if not _NAME.fullmatch(name):
        raise SegmentError(
            N_('a segment cannot be called "{name}": take letters, digits, _ and hyphens'),
            name=name,
        )
    segment = await find(session, name)
    if segment is None:
        segment = Segment(name=name, rule="", created_at=now)
        session.add(segment)
    segment.rule = str(rule)
    await session.flush()
    if by != NOBODY:
        audit.record(
            session,
            by=by,
            action=AuditAction.SEGMENT_SAVED,
            kind=AuditObject.SEGMENT,
            object_id=segment.id,
            why=name,
            now=now,
        )
    return segment


async def find(session: AsyncSession, name: str) -> Segment | None:
    """The segment of that name, or None."""
    return await session.scalar(select(Segment).where(Segment.name == name))


async def get(session: AsyncSession, name: str) -> Segment:
    """The segment of that name; raises SegmentError, which suggests the nearest name."""
    found = await find(session, name)
    if found is not None:
        return found
    names = [segment.name for segment in await everything(session)]
    if near := get_close_matches(name, names, 1):
        raise SegmentError(
            N_('there is no segment called "{name}": is "{near}" meant?'), name=name, near=near[0]
        )
    raise SegmentError(
        N_('there is no segment called "{name}" (a rule holds a space: "departement = 44")'),
        name=name,
    )


async def everything(session: AsyncSession) -> list[Segment]:
    """All segments, by name."""
    return list(await session.scalars(select(Segment).order_by(Segment.name)))


async def count(session: AsyncSession, rule: Rule) -> int:
    """How many people a rule selects, whatever lists they are on."""
    selected = clause(rule, await vocabulary(session))
    statement = select(func.count()).select_from(Subscriber).where(selected)
    return (await session.execute(statement)).scalar_one()


async def sample(session: AsyncSession, rule: Rule, *, limit: int = 5) -> list[Subscriber]:
    """The first people, by id, whom a rule selects; `limit` at most."""
    selected = clause(rule, await vocabulary(session))
    return list(
        await session.scalars(
            select(Subscriber).where(selected).order_by(Subscriber.id).limit(limit)
        )
    )
