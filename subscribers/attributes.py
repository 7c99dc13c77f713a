"""Declared attributes of people: their names in rules, and their types."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from pli import audit
from pli.actor import NOBODY, Actor
from pli.audit import AuditAction, AuditObject
from pli.errors import PliError
from pli.language import N_
from subscribers.folding import slug
from subscribers.models import Attribute, AttributeType
from subscribers.upsert import insert_into
from subscribers.values import Value, read_value

BUILT_IN = ("email", "first_name", "last_name", "language")
KEYWORDS = frozenset({"and", "or", "not", "in", "has", "et", "ou", "non", "dans"})
RESERVED = frozenset({*BUILT_IN, *KEYWORDS, "list"})

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class AttributeFault(PliError):
    """An attribute cannot have this name, or is declared with another type."""


def name_of(heading: str) -> str:
    """A column's name in rules, such as `departement` for `Département`; "" if there is none.

    The name of a long heading ends in a few digits of its hash: two questions of a form may be
    alike for 60 letters.
    """
    name = slug(heading, "_")
    if len(name) > 60:
        name = f"{name[:53].strip('_')}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    if name and (name in RESERVED or not name[0].isalpha()):
        name = f"x_{name}"
    return name


async def declare(
    session: AsyncSession,
    *,
    name: str,
    type: AttributeType,
    label: str,
    by: Actor = NOBODY,
    now: datetime | None = None,
) -> bool:
    """Declare an attribute; False if it is declared already, with the same type.

    Raises AttributeFault for a name that rules cannot use, and if the type is another.
    """
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise AttributeFault(
            N_('an attribute cannot be called "{name}": take small letters, digits and _'),
            name=name,
        )
    statement = (
        insert_into(session, Attribute)
        .values(name=name, type=type, label=label[:200])
        .on_conflict_do_nothing()
        .returning(Attribute.name)
    )
    if (await session.execute(statement)).first():
        _trace(session, AuditAction.ATTRIBUTE_MADE, name, type, by=by, now=now)
        return True
    known = (await declared(session))[name]
    if known is not type:
        raise AttributeFault(
            N_("{name} is declared already, as {type}"), name=name, type=known.value
        )
    return False


async def declared(session: AsyncSession) -> dict[str, AttributeType]:
    """All declared attributes by name, with their types."""
    rows = await session.execute(select(Attribute.name, Attribute.type).order_by(Attribute.name))
    # Not dict(rows): a Result has keys(), so dict would take the Result for a mapping.
    return {row.name: row.type for row in rows}


async def labels(session: AsyncSession) -> dict[str, str]:
    """The labels of all declared attributes, by their names."""
    rows = await session.execute(select(Attribute.name, Attribute.label).order_by(Attribute.name))
    return {row.name: row.label for row in rows}


async def get(session: AsyncSession, name: str) -> Attribute:
    """The attribute of that name, or whose heading that is; raises AttributeFault."""
    for written in (name, name_of(name)):
        row = await session.get(Attribute, written)
        if row is not None:
            return row
    known = list(await declared(session))
    near = get_close_matches(name_of(name), known, 1)
    if name in BUILT_IN:
        raise AttributeFault(N_("{name} belongs to everybody, and is always text"), name=name)
    if near:
        raise AttributeFault(
            N_("there is no attribute {name}: is {near} meant?"), name=name, near=near[0]
        )
    raise AttributeFault(
        N_("there is no attribute {name}: there are {names}"),
        name=name,
        names=", ".join(known) or "–",
    )


async def set_type(
    session: AsyncSession, *, name: str, type: AttributeType, by: Actor, now: datetime | None
) -> None:
    """Write down another type; the values are `attribute_types.retype`'s business."""
    await session.execute(update(Attribute).where(Attribute.name == name).values(type=type))
    _trace(session, AuditAction.ATTRIBUTE_TYPED, name, type, by=by, now=now)


def _trace(
    session: AsyncSession,
    action: AuditAction,
    name: str,
    type: AttributeType,
    *,
    by: Actor,
    now: datetime | None,
) -> None:
    """Keep who did that; an attribute has a name and no number."""
    if by != NOBODY:
        audit.record(
            session,
            by=by,
            action=action,
            kind=AuditObject.ATTRIBUTE,
            object_id=None,
            why=f"{name}: {type.value}",
            now=now,
        )


async def read_pairs(
    session: AsyncSession, pairs: Sequence[str]
) -> tuple[dict[str, Value], list[str]]:
    """Values such as `departement=44` by name, and the names of those without a value.

    Raises AttributeFault for a name that is not declared, and ValueFault.
    """
    known = await declared(session)
    values: dict[str, Value] = {}
    without = []
    for pair in pairs:
        written, equals, text = pair.partition("=")
        name = written if written in known else name_of(written)
        if not equals or name not in known:
            raise AttributeFault(
                N_("--set {pair}: there is no such attribute: known are {names}"),
                pair=pair,
                names=", ".join(known) or "–",
            )
        if text.strip():
            values[name] = read_value(text, known[name])
        else:
            without.append(name)
    return values, without
