"""The demo's office: three invented people, and a link for each to come in by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import links, people, rights
from accounts.models import LinkKind
from accounts.rights import Right
from pli.actor import Actor
from subscribers.address import Address


@dataclass(frozen=True, slots=True)
class Member:
    """One person of the demo's office."""

    name: str
    address: str
    roles: Sequence[Right]


AUTHOR = Member("Odile Plume", "odile.plume@example.org", (Right.AUTHOR,))
PEOPLE = (
    AUTHOR,
    Member("Rachid Relecture", "rachid.relecture@example.org", (Right.SENDER,)),
    # Is asked "did Mme X get the letter?"
    Member("Simone Guichet", "simone.guichet@example.org", (Right.READER, Right.WHO)),
)


async def engage(session: AsyncSession, *, by: Actor, now: datetime) -> None:
    """Make the three accounts, each with its rights on all lists."""
    for it in PEOPLE:
        account = await people.invite(
            session, address=Address.parse(it.address), name=it.name, by=by, now=now
        )
        for right in it.roles:
            await rights.grant(
                session, account_id=account.id, right=right, list_id=None, by=by, now=now
            )


def named() -> list[dict[str, object]]:
    """The three people, for JSON."""
    return [
        {"name": it.name, "address": it.address, "roles": [right.value for right in it.roles]}
        for it in PEOPLE
    ]


async def author(session: AsyncSession, *, said_by: str) -> Actor:
    """The demo's author, who makes its campaign."""
    account = await people.get(session, Address.parse(AUTHOR.address))
    return Actor.account(account.id, account.name, said_by=said_by)


async def invitations(
    session: AsyncSession, *, office: str, by: Actor, now: datetime
) -> Sequence[tuple[Member, str]]:
    """Each of the three with a link, which works once, for a day."""
    found = []
    for it in PEOPLE:
        account = await people.get(session, Address.parse(it.address))
        made = await links.make(
            session, account_id=account.id, kind=LinkKind.INVITE, binding=None, by=by, now=now
        )
        assert made is not None
        found.append((it, links.url(office, made.token)))
    return found
