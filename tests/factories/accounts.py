"""People of the office."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import challenges, limits, links, passwords, people, recovery, rights, sessions, totp
from accounts.factors import Factor
from accounts.models import Account, LinkKind, Passkey, Purpose, Stage
from accounts.rights import Right
from pli.actor import Actor
from pli.keys import Keys
from subscribers.address import Address
from subscribers.models import List


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


async def an_office(session: AsyncSession, keys: Keys, list_: List, *, now: datetime) -> None:
    """A row in each table of accounts: somebody with all factors, and what is on its way."""
    operator = Actor.system("root")
    anne = await an_account(session, "anne", rights.Right.SENDER, lists=[list_.id, None], now=now)
    await totp.begin(session, account_id=anne.id, issuer="Comité", keys=keys)
    await recovery.make(session, account_id=anne.id, by=operator, now=now)
    await links.make(
        session, account_id=anne.id, kind=LinkKind.RESET, binding="b", by=operator, now=now
    )
    await sessions.open_(
        session,
        account_id=anne.id,
        stage=Stage.WHOLE,
        proved={Factor.PASSKEY},
        browser="Firefox, Linux",
        now=now,
    )
    await challenges.make(
        session, purpose=Purpose.CONFIRM, account_id=anne.id, binding="b", now=now
    )
    await limits.count(
        session,
        factor=Factor.PASSWORD,
        address=None,
        network="192.0.2.0/24",
        keys=keys,
        now=now,
    )
    await a_passkey(session, anne.id, now=now)


async def a_passkey(session: AsyncSession, account_id: int, *, now: datetime) -> None:
    """A passkey that answers nothing."""
    session.add(
        Passkey(
            account_id=account_id,
            credential_id=b"\0\xff" * 16,
            public_key=b"\xa5\0",
            sign_count=2**32 - 1,
            name="Téléphone",
            transports=["internal"],
            made_at=now,
        )
    )
    await session.flush()
