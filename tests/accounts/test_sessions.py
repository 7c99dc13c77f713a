"""Sessions: begun, resumed, seen, renewed and ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select

from accounts import browsers, rights, session_ends, sessions, tokens
from accounts.factors import Factor
from accounts.models import OfficeSession, Stage
from accounts.rights import Ability, Right
from accounts.sessions import Opened
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction
from pli.database import Database
from tests import factories as make
from tests.accounts.sign_in_steps import here

ROOT = Actor.system("root")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def opened(
    database: Database,
    account_id: int,
    now: datetime,
    proved: Iterable[Factor] = (Factor.PASSKEY,),
    stage: Stage = Stage.WHOLE,
    browser: str = "Firefox, Linux",
) -> Opened:
    async with database.begin() as session:
        return await sessions.open_(
            session, account_id=account_id, stage=stage, proved=proved, browser=browser, now=now
        )


async def somebody(database: Database, now: datetime, *granted: Right) -> int:
    async with database.begin() as session:
        return (await make.an_account(session, "anne", *granted, now=now)).id


async def touch(database: Database, session_id: int, now: datetime) -> bool:
    async with database.begin() as session:
        return await sessions.touch(session, session_id=session_id, now=now)


async def test_one_query_says_who_is_there_and_what_that_person_may(
    database: Database, now: datetime
) -> None:
    anne = await somebody(database, now, Right.AUTHOR, Right.SENDER)
    it = await opened(database, anne, now)
    asked: list[str] = []
    event.listen(
        database.reader.sync_engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: asked.append(statement.split()[0]),
    )
    found = await here(database, it.secret, now=now)
    assert asked.count("SELECT") == len([it for it in asked if it != "BEGIN"]) == 1
    assert found is not None
    assert (found.account_id, found.name, found.actor.text) == (anne, "Anne", f"Anne (#{anne})")
    assert found.granted.may(Ability.RELEASE, [1])
    assert not found.granted.may(Ability.SEE_PEOPLE, [1])


async def test_a_session_ends_when_it_is_idle_and_in_any_case_after_two_weeks(
    database: Database, now: datetime
) -> None:
    anne = await somebody(database, now)
    it = await opened(database, anne, now)
    at = now
    assert await here(database, it.secret, now=at + 12 * HOUR) is None
    while at < now + 14 * DAY - 11 * HOUR:
        at += 11 * HOUR
        found = await here(database, it.secret, now=at)
        assert found is not None, at
        assert await touch(database, found.session_id, at)
    assert await here(database, it.secret, now=now + 14 * DAY) is None
    async with database.begin() as session:
        assert await session_ends.sweep(session, now=at) == 0
        assert await session_ends.sweep(session, now=now + 14 * DAY) == 1


async def test_a_visit_is_noted_once_a_minute(database: Database, now: datetime) -> None:
    it = await opened(database, await somebody(database, now), now)
    found = await here(database, it.secret, now=now)
    assert found is not None
    assert not found.wants_touch(now=now + MINUTE - timedelta(seconds=1))
    assert not await touch(database, found.session_id, now + MINUTE / 2)
    assert found.wants_touch(now=now + MINUTE)
    done = await asyncio.gather(
        *(touch(database, found.session_id, now + MINUTE) for _ in range(4))
    )
    assert sorted(done) == [False, False, False, True]


async def test_a_session_on_the_way_is_none_and_the_reverse(
    database: Database, now: datetime
) -> None:
    anne = await somebody(database, now)
    half = await opened(database, anne, now, [Factor.PASSWORD], Stage.SECOND)
    whole = await opened(database, anne, now)
    assert await here(database, half.secret, now=now) is None
    async with database.reading() as session:
        for stage, secret, there in (
            (Stage.SECOND, half.secret, True),
            (Stage.ENROL, half.secret, False),
            (Stage.SECOND, whole.secret, False),
        ):
            found = await sessions.half_way(session, cookie=secret, stage=stage, now=now)
            assert (found is not None) is there
        late = now + sessions.HALF_WAY
        assert not await sessions.half_way(
            session, cookie=half.secret, stage=Stage.SECOND, now=late
        )
        assert [
            it.proved for it in await session_ends.listed(session, account_id=anne, now=now)
        ] == [{Factor.PASSKEY}]


async def test_who_gets_a_right_that_needs_two_factors_signs_in_anew(
    database: Database, now: datetime
) -> None:
    anne = await somebody(database, now, Right.AUTHOR)
    weak = await opened(database, anne, now, [Factor.PASSWORD])
    strong = await opened(database, anne, now, [Factor.PASSWORD, Factor.TOTP])
    assert await here(database, weak.secret, now=now)
    assert await here(database, weak.secret, now=now, two_for_all=True) is None
    async with database.begin() as session:
        await rights.grant(
            session, account_id=anne, right=Right.KEEPER, list_id=None, by=ROOT, now=now
        )
    assert await here(database, weak.secret, now=now) is None
    found = await here(database, strong.secret, now=now, two_for_all=True)
    assert found is not None
    assert found.granted.may(Ability.EDIT_PEOPLE, [1])


async def test_a_renewed_session_has_another_secret_and_the_old_one_is_worth_nothing(
    database: Database, now: datetime
) -> None:
    it = await opened(database, await somebody(database, now), now)
    later = now + HOUR + MINUTE
    found = await here(database, it.secret, now=later)
    assert found is not None
    assert not found.is_confirmed(now=later)

    async def renew() -> Opened | None:
        async with database.begin() as session:
            return await sessions.renew(
                session,
                cookie=it.secret,
                stage=Stage.WHOLE,
                proved=[Factor.PASSKEY],
                now=later,
            )

    done = [new for new in await asyncio.gather(*(renew() for _ in range(4))) if new]
    assert len(done) == 1, "of two proofs at once, one counts"
    assert await here(database, it.secret, now=later) is None
    again = await here(database, done[0].secret, now=later)
    assert again is not None
    assert again.session_id == found.session_id
    assert again.is_confirmed(now=later + HOUR)
    assert again.until == it.until, "a further proof does not lengthen the two weeks"


async def test_a_cookie_is_worth_nothing_after_sign_out(database: Database, now: datetime) -> None:
    it = await opened(database, await somebody(database, now), now)
    async with database.begin() as session:
        assert await session_ends.sign_out(session, cookie=it.secret, now=now)
        assert not await session_ends.sign_out(session, cookie=it.secret, now=now)
        first, *_ = (await audit.events(session)).events
    assert first.action is AuditAction.SIGNED_OUT
    assert await here(database, it.secret, now=now) is None


async def test_sessions_are_listed_and_ended_by_their_own_account(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        anne = (await make.an_account(session, "anne", now=now)).id
        jean = (await make.an_account(session, "jean", now=now)).id
    mine = [await opened(database, anne, now + n * MINUTE, browser=f"B{n}") for n in range(3)]
    other = await opened(database, jean, now)
    async with database.begin() as session:
        listed = await session_ends.listed(session, account_id=anne, now=now)
        assert [it.browser for it in listed] == ["B2", "B1", "B0"]
        by = Actor.account(jean, "Jean")
        first = listed[0].id
        assert not await session_ends.end(
            session, session_id=first, account_id=jean, by=by, now=now
        )
        by = Actor.account(anne, "Anne")
        assert await session_ends.end(session, session_id=first, account_id=anne, by=by, now=now)
        last = listed[2].id
        assert await session_ends.end_all(session, account_id=anne, but=last, by=by, now=now) == 1
    kept = [bool(await here(database, it.secret, now=now + HOUR)) for it in (*mine, other)]
    assert kept == [True, False, False, True]
    async with database.begin() as session:
        assert await session_ends.end_all(session, account_id=anne, by=ROOT, now=now) == 1


async def test_the_table_holds_no_cookie(database: Database, now: datetime) -> None:
    it = await opened(database, await somebody(database, now), now)
    async with database.reading() as session:
        row = (await session.scalars(select(OfficeSession))).one()
    assert row.secret_hash == tokens.digest(it.secret)
    assert await here(database, row.secret_hash.hex(), now=now) is None
    assert it.secret not in repr(it)


@pytest.mark.parametrize("cookie", ["", "\0", "\ud800", "\u202e", "x" * 1_000_000, "' OR 1=1 --"])
async def test_what_is_no_cookie_is_nobodys(database: Database, now: datetime, cookie: str) -> None:
    await opened(database, await somebody(database, now), now)
    assert await here(database, cookie, now=now) is None
    async with database.begin() as session:
        assert not await session_ends.sign_out(session, cookie=cookie, now=now)


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/143.0 Mobile Safari/537.36", "Chrome, Android"),
        ("<script>alert(1)</script>", ""),
        ("x" * 1_000_000 + "Firefox/1", ""),
        ("", ""),
    ],
)
def test_a_browser_is_told_in_words_of_ours(user_agent: str, words: str) -> None:
    assert browsers.in_words(user_agent) == words
