"""Rights are granted and revoked, each once."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import rights
from accounts.rights import Ability, Right, RightError
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction
from pli.database import Database
from tests import factories as make

ROOT = Actor.system("root")


async def give(
    session: AsyncSession,
    account_id: int,
    now: datetime,
    right: Right = Right.KEEPER,
    list_id: int | None = None,
    by: Actor = ROOT,
) -> bool:
    return await rights.grant(
        session, account_id=account_id, right=right, list_id=list_id, by=by, now=now
    )


async def take(
    session: AsyncSession,
    account_id: int,
    now: datetime,
    right: Right,
    by: Actor = ROOT,
) -> bool:
    return await rights.revoke(
        session, account_id=account_id, right=right, list_id=None, by=by, now=now
    )


async def test_a_right_is_granted_once_and_revoked_once(database: Database, now: datetime) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", now=now)
        list_id = (await make.a_list(session, "membres", now=now)).id
        for on in (list_id, None):
            assert await give(session, anne.id, now, Right.AUTHOR, on)
            assert not await give(session, anne.id, now, Right.AUTHOR, on)
        granted = await rights.granted(session, account_id=anne.id)
        assert granted.lists_for(Ability.WRITE_DRAFTS).every
        assert await take(session, anne.id, now, Right.AUTHOR)
        assert not await take(session, anne.id, now, Right.AUTHOR)
        granted = await rights.granted(session, account_id=anne.id)
        assert granted.lists_for(Ability.WRITE_DRAFTS).ids == {list_id}
        events = (await audit.events(session, kind=None, object_id=anne.id)).events
    told = [(it.action, it.list_id, it.why, it.actor) for it in events[:3]]
    assert told == [
        (AuditAction.RIGHT_REVOKED, None, "author", "root"),
        (AuditAction.RIGHT_GRANTED, None, "author", "root"),
        (AuditAction.RIGHT_GRANTED, list_id, "author", "root"),
    ]


@pytest.mark.parametrize("right", [Right.RIGHTS, Right.OPERATOR])
async def test_what_belongs_to_no_list_is_given_for_all(
    database: Database, now: datetime, right: Right
) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", now=now)
        list_id = (await make.a_list(session, "membres", now=now)).id
        with pytest.raises(RightError, match=f'"{right.value}" is for all lists'):
            await rights.grant(
                session, account_id=anne.id, right=right, list_id=list_id, by=ROOT, now=now
            )


async def test_nobody_raises_the_own_account_but_by_the_shell(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", Right.OPERATOR, now=now)
        herself = Actor.account(anne.id, "Anne")
        with pytest.raises(RightError, match="your own account"):
            await give(session, anne.id, now, by=herself)
        with pytest.raises(RightError, match="your own account"):
            await take(session, anne.id, now, Right.OPERATOR, by=herself)
        assert await give(session, anne.id, now, by=Actor.account(anne.id, "A", said_by="root"))


async def test_a_list_or_an_account_that_is_not_there_is_told(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", now=now)
        with pytest.raises(RightError, match="no such list"):
            await give(session, anne.id, now, list_id=4711)
        with pytest.raises(RightError, match="no such account"):
            await give(session, 4711, now)


async def test_of_those_who_grant_the_same_at_once_one_does(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", now=now)

    async def grant() -> bool:
        async with database.begin() as session:
            return await rights.grant(
                session, account_id=anne.id, right=Right.WHO, list_id=None, by=ROOT, now=now
            )

    assert sorted(await asyncio.gather(*(grant() for _ in range(5)))) == [False] * 4 + [True]
    async with database.reading() as session:
        page = await audit.events(session, action=AuditAction.RIGHT_GRANTED)
    assert len(page.events) == 1


async def test_a_right_is_taken_wholly_or_on_lists_and_never_where_that_is_unclear(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", now=now)
        one, two, three = [
            (await make.a_list(session, name, now=now)).id for name in ("a", "b", "c")
        ]
        for list_id in (one, two):
            await give(session, anne.id, now, list_id=list_id)

        async def take_on(*list_ids: int) -> bool:
            return await rights.revoke_on(
                session,
                account_id=anne.id,
                right=Right.KEEPER,
                list_ids=list_ids,
                by=ROOT,
                now=now,
            )

        async def held() -> rights.OnLists:
            everybody = await rights.of_everybody(session)
            found = (await rights.granted(session, account_id=anne.id)).rights
            assert everybody.get(anne.id, rights.Granted({})).rights == found
            return found.get(Right.KEEPER, rights.OnLists())

        assert not await take_on(three)
        assert await take_on(one, three)
        assert await held() == rights.OnLists(ids=frozenset({two}))
        await give(session, anne.id, now)
        with pytest.raises(RightError, match="is held on all lists"):
            await take_on(two)
        assert await held() == rights.OnLists(every=True, ids=frozenset({two}))
        for done in (True, False):
            assert done is await rights.revoke_wholly(
                session, account_id=anne.id, right=Right.KEEPER, by=ROOT, now=now
            )
        assert not await held()
