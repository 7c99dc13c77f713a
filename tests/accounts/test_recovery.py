"""Recovery codes: ten, shown once, each works once."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import select

from accounts import recovery
from accounts.models import RecoveryCode
from pli.actor import Actor
from pli.database import Database
from tests import factories as make

ROOT = Actor.system("root")


async def made(database: Database, now: datetime, name: str = "anne") -> tuple[int, list[str]]:
    async with database.begin() as session:
        account = await make.an_account(session, name, now=now)
        return account.id, await recovery.make(session, account_id=account.id, by=ROOT, now=now)


async def take(database: Database, account_id: int, code: str, now: datetime) -> bool:
    async with database.begin() as session:
        return await recovery.take(session, account_id=account_id, code=code, by=ROOT, now=now)


async def test_each_code_works_once_for_its_own_account(database: Database, now: datetime) -> None:
    anne, codes = await made(database, now)
    jean, _ = await made(database, now, "jean")
    assert len(set(codes)) == 10
    assert not await take(database, jean, codes[0], now)
    assert await take(database, anne, codes[0], now)
    assert not await take(database, anne, codes[0], now)
    assert await take(database, anne, codes[1].upper().replace("-", " ") + " ", now)
    async with database.reading() as session:
        assert await recovery.left(session, account_id=anne) == 8
        hashes = (await session.scalars(select(RecoveryCode.hash))).all()
    bare = [it.replace("-", "").encode() for it in codes]
    assert not [it for it in bare if any(it in kept for kept in hashes)]


async def test_a_new_set_takes_the_place_of_the_old_one(database: Database, now: datetime) -> None:
    anne, old = await made(database, now)
    async with database.begin() as session:
        new = await recovery.make(session, account_id=anne, by=ROOT, now=now)
    assert not await take(database, anne, old[0], now)
    assert await take(database, anne, new[0], now)


async def test_of_two_sets_at_once_one_stays(database: Database, now: datetime) -> None:
    anne, _ = await made(database, now)

    async def again() -> None:
        async with database.begin() as session:
            await recovery.make(session, account_id=anne, by=ROOT, now=now)

    await asyncio.gather(*(again() for _ in range(4)))
    async with database.reading() as session:
        assert await recovery.left(session, account_id=anne) == 10


async def test_of_one_code_at_once_one_use_counts(database: Database, now: datetime) -> None:
    anne, codes = await made(database, now)
    done = await asyncio.gather(*(take(database, anne, codes[0], now) for _ in range(6)))
    assert sorted(done) == [False] * 5 + [True]


@pytest.mark.parametrize("code", ["", "-", "\0", "\ud800", "\u202e", "a" * 1_000_000, "' OR 1=1"])
async def test_what_is_no_code_is_never_right(database: Database, now: datetime, code: str) -> None:
    anne, _ = await made(database, now)
    assert not await take(database, anne, code, now)
