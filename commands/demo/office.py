"""The demo's office: three invented people, and a link for each to come in by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import links, people, rights
from accounts.models import LinkKind
from accounts.rights import Right
from pli.actor import Actor
from subscribers.address import Address

PEOPLE: Mapping[Right, tuple[str, str]] = {
    Right.AUTHOR: ("Odile Plume", "odile.plume@example.org"),
    Right.SENDER: ("Rachid Relecture", "rachid.relecture@example.org"),
    Right.READER: ("Simone Guichet", "simone.guichet@example.org"),
}


async def engage(session: AsyncSession, *, by: Actor, now: datetime) -> None:
    """Make the three accounts, each with its right on all lists."""
    for right, (name, address) in PEOPLE.items():
        account = await people.invite(
            session, address=Address.parse(address), name=name, by=by, now=now
        )
        await rights.grant(
            session, account_id=account.id, right=right, list_id=None, by=by, now=now
        )


def named() -> list[dict[str, str]]:
    """The three people, for JSON."""
    return [
        {"name": name, "address": address, "role": right.value}
        for right, (name, address) in PEOPLE.items()
    ]


async def author(session: AsyncSession, *, said_by: str) -> Actor:
    """The demo's author, who makes its campaign."""
    account = await people.get(session, Address.parse(PEOPLE[Right.AUTHOR][1]))
    return Actor.account(account.id, account.name, said_by=said_by)


async def doors(
    session: AsyncSession, *, office: str, by: Actor, now: datetime
) -> Mapping[Right, str]:
    """A link for each of the three; it works once, for a day."""
    found = {}
    for right, (_name, address) in PEOPLE.items():
        account = await people.get(session, Address.parse(address))
        made = await links.make(
            session, account_id=account.id, kind=LinkKind.INVITE, binding=None, by=by, now=now
        )
        assert made is not None
        found[right] = links.url(office, made.token)
    return found
