"""Finds, adds and changes people, one at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from pli import audit
from pli.actor import NOBODY, Actor
from pli.audit import AuditAction, AuditObject
from pli.errors import PliError
from pli.keys import Keys
from pli.language import N_
from subscribers.address import Address
from subscribers.folding import tidy
from subscribers.models import Subscriber, Subscription, Suppression, SuppressionReason
from subscribers.values import Value, as_kept, folded

LONGEST_NAME = 200


class PersonError(PliError):
    """Nobody has this address, or somebody has it already."""


async def find(session: AsyncSession, address: Address) -> Subscriber | None:
    """The person with that address, or None."""
    return await session.scalar(select(Subscriber).where(Subscriber.email_folded == address.folded))


async def get(session: AsyncSession, address: Address) -> Subscriber:
    """The person with that address; raises PersonError."""
    found = await find(session, address)
    if found is None:
        raise PersonError(N_("{address}: nobody here has that address"), address=address.email)
    return found


async def add(
    session: AsyncSession,
    *,
    address: Address,
    keys: Keys,
    first_name: str = "",
    last_name: str = "",
    language: str = "fr",
    attributes: Mapping[str, Value] | None = None,
    now: datetime,
) -> Subscriber:
    """Add a person, on no list yet; raises PersonError if somebody has the address."""
    if await find(session, address) is not None:
        raise PersonError(N_("{address}: somebody has that address"), address=address.email)
    person = Subscriber(
        **row(
            address=address,
            keys=keys,
            first_name=tidy(first_name)[:LONGEST_NAME],
            last_name=tidy(last_name)[:LONGEST_NAME],
            language=language,
            attributes=attributes or {},
            now=now,
        )
    )
    session.add(person)
    await session.flush()
    return person


async def edit(
    session: AsyncSession,
    person: Subscriber,
    *,
    first_name: str | None = None,
    last_name: str | None = None,
    language: str | None = None,
    attributes: Mapping[str, Value] | None = None,
    without: Collection[str] = (),
    by: Actor = NOBODY,
    now: datetime,
) -> tuple[str, ...]:
    """Change what is given of a person; the names of the fields and attributes that changed.

    None changes nothing. The attributes `without` are taken away.
    """
    before = {**person.attributes}
    changed = changes(
        person,
        first_name=None if first_name is None else tidy(first_name)[:LONGEST_NAME],
        last_name=None if last_name is None else tidy(last_name)[:LONGEST_NAME],
        language=language,
        attributes=attributes or {},
        without=without,
    )
    for name, value in changed.items():
        setattr(person, name, value)
    await session.flush()
    of_attributes = {
        name
        for name in {*before, *person.attributes}
        if before.get(name) != person.attributes.get(name)
    }
    fields = [it for it in ("first_name", "last_name", "language") if it in changed]
    named = (*fields, *sorted(of_attributes))
    if named:
        _trace(session, person, named, by=by, now=now)
    return named


async def move(
    session: AsyncSession,
    person: Subscriber,
    *,
    to: Address,
    keys: Keys,
    by: Actor = NOBODY,
    now: datetime,
) -> None:
    """Give a person another address; raises PersonError if somebody has it already.

    What was said of the old address stays with it. Who objected or complained has said no to us,
    and not to an address: that person is not moved.
    """
    barred = await session.scalar(
        select(Suppression.reason).where(Suppression.address_key == person.address_key)
    )
    if barred not in (None, SuppressionReason.HARD_BOUNCE):
        raise PersonError(
            N_("{address} objected or complained: another address would write to them again"),
            address=person.email,
        )
    other = await find(session, to)
    if other is not None and other.id != person.id:
        raise PersonError(N_("{address}: somebody has that address"), address=to.email)
    person.email = to.email
    person.email_folded = to.folded
    person.address_key = keys.address_key(to.folded)
    await session.flush()
    _trace(session, person, ["address"], by=by, now=now)


def _trace(
    session: AsyncSession, person: Subscriber, changed: Sequence[str], *, by: Actor, now: datetime
) -> None:
    """Keep who changed which fields of a person; not what was in them."""
    if by != NOBODY:
        audit.record(
            session,
            by=by,
            action=AuditAction.PERSON_CHANGED,
            kind=AuditObject.PERSON,
            object_id=person.id,
            why=", ".join(changed),
            now=now,
        )


async def lists_of(session: AsyncSession, person: Subscriber) -> Sequence[int]:
    """The lists to which a person has a tie, also one that was left."""
    return (
        await session.scalars(
            select(Subscription.list_id).where(Subscription.subscriber_id == person.id)
        )
    ).all()


async def rewrite(session: AsyncSession, rows: Sequence[Mapping[str, object]]) -> None:
    """Write columns of many people anew, each row with its id."""
    if rows:
        await session.execute(update(Subscriber), [dict(it) for it in rows])


def row(
    *,
    address: Address,
    keys: Keys,
    first_name: str,
    last_name: str,
    language: str,
    attributes: Mapping[str, Value],
    now: datetime,
) -> dict[str, object]:
    """The columns of a new Subscriber, made here alone: those kept and those compared."""
    return {
        "email": address.email,
        "email_folded": address.folded,
        "address_key": keys.address_key(address.folded),
        "first_name": first_name,
        "last_name": last_name,
        "language": language,
        "attributes": {name: as_kept(value) for name, value in attributes.items()},
        "folded": folded(first_name, last_name, attributes),
        "created_at": now,
    }


def changes(
    person: Subscriber,
    *,
    first_name: str | None,
    last_name: str | None,
    language: str | None,
    attributes: Mapping[str, Value],
    without: Collection[str] = (),
) -> dict[str, object]:
    """The columns of a person that these values change; None, or no value, changes nothing.

    The attributes `without` lose their values.
    """
    first = person.first_name if first_name is None else first_name
    last = person.last_name if last_name is None else last_name
    kept = {**person.attributes, **{name: as_kept(value) for name, value in attributes.items()}}
    compared = {**person.folded, **folded(first, last, attributes)}
    for name in without:
        kept.pop(name, None)
        compared.pop(name, None)
    for name, value in (("first_name", first), ("last_name", last)):
        if not value:
            compared.pop(name, None)
    after = {
        "first_name": first,
        "last_name": last,
        "language": language or person.language,
        "attributes": kept,
        "folded": compared,
    }
    return {name: value for name, value in after.items() if getattr(person, name) != value}
