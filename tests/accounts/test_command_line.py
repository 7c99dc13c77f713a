"""Who acts on the command line."""

from __future__ import annotations

from datetime import datetime

import pytest

from accounts import command_line, people
from accounts.people import AccountError
from pli.actor import Actor
from pli.database import Database
from subscribers.address import Address
from tests import factories as make

ROOT = Actor.system("root")
ANNE, JEAN = Address.parse("ANNE@example.org"), Address.parse("jean@example.org")


async def test_without_accounts_it_is_the_login_and_nobody_can_be_named(
    database: Database,
) -> None:
    async with database.reading() as session:
        for must_name in (False, True):
            found = await command_line.actor(session, user="root", named=None, must_name=must_name)
            assert found == ROOT
        with pytest.raises(AccountError, match="nobody of the office has an account yet"):
            await command_line.actor(session, user="root", named=ANNE)


async def test_with_accounts_a_decision_is_somebodys_and_the_login_is_kept_beside(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", active=False, now=now)
        assert await command_line.actor(session, user="root", named=None) == ROOT
        with pytest.raises(AccountError, match="say who decides"):
            await command_line.actor(session, user="root", named=None, must_name=True)
        with pytest.raises(AccountError, match=r"jean@example\.org: nobody of the office"):
            await command_line.actor(session, user="root", named=JEAN)
        found = await command_line.actor(session, user="root", named=ANNE, must_name=True)
        assert found == Actor.account(anne.id, "Anne", said_by="root")


async def test_a_closed_account_decides_nothing(database: Database, now: datetime) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", now=now)
        await make.an_account(session, "jean", now=now)
        await people.close(session, account_id=anne.id, by=ROOT, now=now)
        with pytest.raises(AccountError, match="that account is closed"):
            await command_line.actor(session, user="root", named=ANNE)
