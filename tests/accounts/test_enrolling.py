"""New factors on the way in, and for somebody who is in."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyotp
import pytest

from accounts import enrolling, passkeys, passwords, sessions
from accounts.factors import Factor
from accounts.passkeys import PasskeyError, Site
from accounts.rights import Right
from accounts.signing_in import NeedsEnrolment, Refused, SignedIn
from accounts.totp import Enrolment, TotpError
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.accounts.authenticator import Authenticator
from tests.accounts.sign_in_steps import OTHER, PASSWORD, POLICY, enrolled_app, here, knock

ROOT = Actor.system("root")
SITE = Site("localhost", "http://localhost:8080", "Comité")


async def on_the_way(database: Database, keys: Keys, now: datetime) -> NeedsEnrolment:
    """Anne, a sender with a password and no second factor."""
    async with database.begin() as session:
        await make.an_account(session, "anne", Right.SENDER, password=PASSWORD, now=now)
    return await half_in(database, keys, now)


async def half_in(database: Database, keys: Keys, now: datetime) -> NeedsEnrolment:
    entry = await knock(database, keys, "anne", PASSWORD, now=now)
    assert isinstance(entry, NeedsEnrolment)
    return entry


async def begin_app(database: Database, keys: Keys, cookie: str, now: datetime) -> Enrolment | None:
    async with database.begin() as session:
        return await enrolling.begin_totp(
            session, cookie=cookie, issuer="Comité", keys=keys, policy=POLICY, now=now
        )


async def test_a_thief_of_the_password_adds_nothing_after_the_person_enrolled(
    database: Database, keys: Keys, now: datetime
) -> None:
    thief = await on_the_way(database, keys, now)
    shown = await begin_app(database, keys, thief.secret, now)
    assert shown is not None
    owner = await half_in(database, keys, now)
    await enrolled_app(database, keys, owner.secret, now=now)
    assert await begin_app(database, keys, thief.secret, now) is None
    async with database.begin() as session:
        options = await enrolling.ask_passkey(
            session, cookie=thief.secret, site=SITE, policy=POLICY, now=now
        )
        assert options is None
        code = pyotp.TOTP(shown.secret).at(now)
        entry = await enrolling.with_totp(
            session, cookie=thief.secret, code=code, keys=keys, policy=POLICY, now=now
        )
    assert entry == Refused()


async def test_who_has_a_password_sets_no_other_on_the_way_in(
    database: Database, keys: Keys, now: datetime
) -> None:
    half = await on_the_way(database, keys, now)
    hashed = await passwords.hashed(OTHER, names=())
    async with database.begin() as session:
        entry = await enrolling.with_password(
            session, cookie=half.secret, password=hashed, policy=POLICY, now=now
        )
    assert entry == Refused()
    assert isinstance(await knock(database, keys, "anne", PASSWORD, now=now), NeedsEnrolment)


async def test_a_wrong_first_code_changes_nothing_and_may_be_typed_again(
    database: Database, keys: Keys, now: datetime
) -> None:
    half = await on_the_way(database, keys, now)
    shown = await begin_app(database, keys, half.secret, now)
    assert shown is not None
    app = pyotp.TOTP(shown.secret)
    wrong = app.at(now + timedelta(days=1))

    async def give(code: str) -> object:
        async with database.begin() as session:
            return await enrolling.with_totp(
                session, cookie=half.secret, code=code, keys=keys, policy=POLICY, now=now
            )

    with pytest.raises(TotpError, match="not the code"):
        await give(wrong)
    assert isinstance(await give(app.at(now)), SignedIn)
    assert await give(app.at(now)) == Refused()


async def test_a_foreign_answer_enrols_no_passkey(
    database: Database, keys: Keys, now: datetime
) -> None:
    half, other = await on_the_way(database, keys, now), await half_in(database, keys, now)
    async with database.begin() as session:
        options = await enrolling.ask_passkey(
            session, cookie=half.secret, site=SITE, policy=POLICY, now=now
        )
    assert options is not None
    answer = Authenticator(SITE.origin).create(options)

    async def give(cookie: str) -> object:
        async with database.begin() as session:
            return await enrolling.with_passkey(
                session,
                cookie=cookie,
                site=SITE,
                answer=answer,
                name="PC",
                policy=POLICY,
                now=now,
            )

    with pytest.raises(PasskeyError):
        await give(other.secret)
    assert await give("no cookie") == Refused()
    entry = await give(half.secret)
    assert isinstance(entry, SignedIn)
    found = await here(database, entry.secret, now=now)
    assert found is not None
    assert found.proved == {Factor.PASSWORD, Factor.PASSKEY}
    async with database.reading() as session:
        assert len(await passkeys.listed(session, account_id=entry.account_id)) == 1


async def test_another_password_ends_the_other_sessions_and_asks_for_a_fresh_proof(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", password=PASSWORD, now=now)
    mine = await knock(database, keys, "anne", PASSWORD, now=now)
    other = await knock(database, keys, "anne", PASSWORD, now=now)
    assert isinstance(mine, SignedIn)
    assert isinstance(other, SignedIn)
    hashed = await passwords.hashed(OTHER, names=())

    async def replace(when: datetime) -> sessions.Opened | None:
        async with database.begin() as session:
            return await enrolling.replace_password(
                session, cookie=mine.secret, password=hashed, policy=POLICY, now=when
            )

    assert await replace(now + timedelta(hours=2)) is None
    opened = await replace(now + timedelta(minutes=50))
    assert opened is not None
    at = now + timedelta(minutes=50)
    assert await here(database, other.secret, now=at) is None
    assert await here(database, mine.secret, now=at) is None
    found = await here(database, opened.secret, now=at)
    assert found is not None
    assert (found.account_id, found.confirmed_at) == (anne.id, now), "a new password is no proof"
    assert isinstance(await knock(database, keys, "anne", OTHER, now=at), SignedIn)
