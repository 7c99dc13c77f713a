"""Who acts on the command line."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import command_line, people
from accounts.abilities import Ability, Right
from accounts.people import AccountError
from pli.actor import Actor
from pli.database import Database
from subscribers.address import Address
from tests import factories as make

ROOT = Actor.system("root")
ANNE, JEAN = Address.parse("ANNE@example.org"), Address.parse("jean@example.org")


async def acting(
    session: AsyncSession,
    named: Address | None,
    *may: Ability,
    lists: Collection[int] = (),
    must_name: bool = False,
) -> Actor:
    return await command_line.actor(
        session,
        user="root",
        named=named,
        may=may or [Ability.APPROVE],
        lists=lists,
        must_name=must_name,
    )


async def test_without_accounts_it_is_the_login_and_nobody_can_be_named(
    database: Database,
) -> None:
    async with database.reading() as session:
        for must_name in (False, True):
            assert await acting(session, None, must_name=must_name) == ROOT
        with pytest.raises(AccountError, match="nobody of the office has an account yet"):
            await acting(session, ANNE)


async def test_with_accounts_a_decision_is_somebodys_and_the_login_is_kept_beside(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", Right.SENDER, active=False, now=now)
        assert await acting(session, None) == ROOT
        with pytest.raises(AccountError, match="say who decides"):
            await acting(session, None, must_name=True)
        with pytest.raises(AccountError, match=r"jean@example\.org: nobody of the office"):
            await acting(session, JEAN)
        found = await acting(session, ANNE, must_name=True)
        assert found == Actor.account(anne.id, "Anne", said_by="root")


async def test_a_closed_account_decides_nothing(database: Database, now: datetime) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", Right.SENDER, now=now)
        await make.an_account(session, "jean", now=now)
        await people.close(session, account_id=anne.id, by=ROOT, now=now)
        with pytest.raises(AccountError, match="that account is closed"):
            await acting(session, ANNE)


async def test_who_is_named_must_hold_the_right_on_each_list(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        own = await make.a_list(session, "own", now=now)
        other = await make.a_list(session, "other", now=now)
        await make.an_account(session, "anne", Right.SENDER, lists=[own.id], now=now)
        await make.an_account(session, "jean", Right.SENDER, Right.RIGHTS, now=now)
        for named, may, lists in (
            (ANNE, [Ability.APPROVE], [own.id]),
            (JEAN, [Ability.APPROVE], [own.id, other.id]),
            (JEAN, [Ability.APPROVE], []),
            (JEAN, [Ability.SEE_PEOPLE, Ability.ACCESS], []),
        ):
            assert (await acting(session, named, *may, lists=lists)).account_id
        for named, may, lists, told in (
            (ANNE, [Ability.APPROVE], [other.id], '"sender" on each list that is concerned'),
            (ANNE, [Ability.APPROVE], [own.id, other.id], '"sender" on each list'),
            (ANNE, [Ability.APPROVE], [], '"sender" on all lists'),
            (ANNE, [Ability.SEE_COPIES], [own.id], '"who" on each list'),
            (ANNE, [Ability.ACCESS, Ability.SEE_PEOPLE], [], '"keeper" / "rights" on all lists'),
        ):
            with pytest.raises(AccountError, match=told):
                await acting(session, named, *may, lists=lists)
