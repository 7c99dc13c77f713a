"""Segments: named rules that select people, saved, found, counted and tried on a few."""

from __future__ import annotations

import re
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pli.errors import PliError
from pli.language import N_
from subscribers import attributes, rules
from subscribers.models import List, Segment, Subscriber
from subscribers.rules import Rule, Vocabulary
from subscribers.selection import clause

_NAME = re.compile(r"\w[\w-]{0,63}")


class SegmentError(PliError):
    """There is no such segment, or none can be called so."""


async def vocabulary(session: AsyncSession) -> Vocabulary:
    """What rules may speak of in this database."""
    lists = frozenset(await session.scalars(select(List.name)))
    return Vocabulary(await attributes.declared(session), lists)


async def resolve(session: AsyncSession, text: str) -> tuple[str, Rule]:
    """What `--segment` says: a saved name, or a rule (and then no name) if it has a `:` or a space.

    Raises RuleError, or SegmentError for a name that is not there.
    """
    text = text.strip()
    if ":" in text or re.search(r"\s", text):
        return "", await read(session, text)
    segment = await get(session, text)
    return segment.name, await read(session, segment.rule)


async def read(session: AsyncSession, text: str) -> Rule:
    """A rule from its text, over this database's vocabulary; raises RuleError."""
    return rules.parse(text, await vocabulary(session))


async def selecting(session: AsyncSession, rule: str) -> ColumnElement[bool]:
    """The clause over Subscriber of a rule kept as text; raises RuleError."""
    known = await vocabulary(session)
    return clause(rules.parse(rule, known), known)


async def save(session: AsyncSession, *, name: str, rule: Rule, now: datetime) -> Segment:
    """Keep a rule under a name, in place of what the name stood for; raises SegmentError."""
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
    return segment


async def find(session: AsyncSession, name: str) -> Segment | None:
    """The segment of that name, if there is one."""
    return await session.scalar(select(Segment).where(Segment.name == name))


async def get(session: AsyncSession, name: str) -> Segment:
    """The segment of that name; raises SegmentError, which names the nearest."""
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
    """How many people a rule selects, on whatever list they are."""
    selected = clause(rule, await vocabulary(session))
    statement = select(func.count()).select_from(Subscriber).where(selected)
    return (await session.execute(statement)).scalar_one()


async def sample(session: AsyncSession, rule: Rule, *, limit: int = 5) -> list[Subscriber]:
    """Some of those whom a rule selects, the first who came."""
    selected = clause(rule, await vocabulary(session))
    return list(
        await session.scalars(
            select(Subscriber).where(selected).order_by(Subscriber.id).limit(limit)
        )
    )
