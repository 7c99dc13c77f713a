"""Somebody who may manage accounts is always left."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from accounts import last_operator, people, rights
from accounts.last_operator import LastOperatorError
from accounts.rights import Right
from pli.actor import Actor
from pli.database import Database
from tests import factories as make

ROOT = Actor.system("root")


async def close(database: Database, account_id: int, now: datetime) -> bool:
    async with database.begin() as session:
        return await people.close(session, account_id=account_id, by=ROOT, now=now)


async def take(database: Database, account_id: int, now: datetime) -> bool:
    async with database.begin() as session:
        return await rights.revoke(
            session, account_id=account_id, right=Right.OPERATOR, list_id=None, by=ROOT, now=now
        )


@pytest.mark.parametrize("leave", [close, take])
@pytest.mark.parametrize(
    ("one", "other", "allowed"),
    [
        ("active", "active", True),
        ("active", "invited", False),
        ("active", "closed", False),
        ("active", "author", False),
        ("active", "", False),
        ("invited", "active", True),
        ("invited", "invited", True),
        ("invited", "", False),
    ],
)
async def test_the_last_operator_stays(
    database: Database, now: datetime, leave: object, one: str, other: str, allowed: bool
) -> None:
    async with database.begin() as session:
        first = await make.an_account(
            session, "anne", Right.OPERATOR, active=one == "active", now=now
        )
        if other:
            right = Right.AUTHOR if other == "author" else Right.OPERATOR
            second = await make.an_account(
                session, "jean", right, active=other != "invited", now=now
            )
    if other == "closed":
        await close(database, second.id, now)
    assert callable(leave)
    if allowed:
        assert await leave(database, first.id, now)
        return
    with pytest.raises(LastOperatorError, match="nobody would be left"):
        await leave(database, first.id, now)
    async with database.reading() as session:
        assert await last_operator.anybody_manages(session)
        assert (await people.by_id(session, first.id)).state.value == one


async def test_of_two_operators_who_close_each_other_at_one_moment_one_stays(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        both = [
            (await make.an_account(session, name, Right.OPERATOR, now=now)).id
            for name in ("anne", "jean")
        ]
    done = await asyncio.gather(*(close(database, it, now) for it in both), return_exceptions=True)
    assert sorted(type(it).__name__ for it in done) == ["LastOperatorError", "bool"]


async def test_who_manages_nothing_is_closed_whoever_is_left(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", Right.SENDER, now=now)
        assert not await last_operator.anybody_manages(session)
    assert await take(database, anne.id, now) is False
    assert await close(database, anne.id, now)
    assert not await close(database, anne.id, now)
