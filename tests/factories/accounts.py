"""People of the office."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import passwords, people, rights
from accounts.models import Account
from accounts.rights import Right
from pli.actor import Actor
from subscribers.address import Address


async def an_account(
    session: AsyncSession,
    name: str,
    *granted: Right,
    lists: Iterable[int | None] = (None,),
    password: str | None = None,
    active: bool = True,
    now: datetime,
) -> Account:
    """Somebody at example.org, with these rights on these lists.

    All lists, if nothing else is said.
    """
    operator = Actor.system("root")
    account = await people.invite(
        session,
        address=Address.parse(f"{name}@example.org"),
        name=name.capitalize(),
        by=operator,
        now=now,
    )
    for right in granted:
        for list_id in lists:
            await rights.grant(
                session, account_id=account.id, right=right, list_id=list_id, by=operator, now=now
            )
    if password is not None:
        hashed = await passwords.hashed(password, names=())
        await passwords.keep(session, account_id=account.id, password=hashed, by=operator, now=now)
    if active:
        await people.activate(session, account_id=account.id)
    await session.refresh(account)
    return account
