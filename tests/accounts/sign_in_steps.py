"""Signing in as a page does it: transactions, the thread of the password, and an app's codes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyotp

from accounts import enrolling, recovery, sessions, signing_in, signing_in_by_link
from accounts.limits import Wait
from accounts.links import LinkRefusal, Made
from accounts.rights import Right
from accounts.sessions import Here
from accounts.signing_in import (
    Entry,
    NeedsEnrolment,
    PasswordAttempt,
    Policy,
    SignedIn,
    Visitor,
)
from accounts.signing_in_by_link import AskedLink
from pli import audit
from pli.actor import Actor
from pli.audit import Event
from pli.database import Database
from pli.keys import Keys
from subscribers.address import Address
from tests import factories as make

HERE = Visitor.of("192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")
POLICY = Policy()
PASSWORD = "quatre grands bateaux bleus"
OTHER = "un tout autre mot de passe"


async def knock(
    database: Database,
    keys: Keys,
    name: str,
    password: str,
    *,
    now: datetime,
    visitor: Visitor = HERE,
    policy: Policy = POLICY,
) -> Entry:
    """Somebody types an address at example.org and a password."""
    async with database.begin() as session:
        attempt = await signing_in.begin(
            session,
            address=Address.parse(f"{name}@example.org") if name else None,
            visitor=visitor,
            keys=keys,
            now=now,
        )
    if not isinstance(attempt, PasswordAttempt):
        return attempt
    compared = await attempt.compare(password)
    async with database.begin() as session:
        return await signing_in.by_password(
            session, attempt=attempt, compared=compared, policy=policy, now=now
        )


async def give_code(
    database: Database,
    keys: Keys,
    cookie: str,
    code: str,
    *,
    now: datetime,
    visitor: Visitor = HERE,
    policy: Policy = POLICY,
) -> Entry:
    """Somebody types the second factor."""
    async with database.begin() as session:
        return await signing_in.by_code(
            session, cookie=cookie, code=code, visitor=visitor, keys=keys, policy=policy, now=now
        )


async def enrolled_app(
    database: Database, keys: Keys, cookie: str, *, now: datetime
) -> tuple[pyotp.TOTP, list[str], SignedIn]:
    """An app is enrolled on the way in: the app, the recovery codes, and the person is in."""
    async with database.begin() as session:
        shown = await enrolling.begin_totp(
            session, cookie=cookie, issuer="Comité", keys=keys, policy=POLICY, now=now
        )
    assert shown is not None
    app = pyotp.TOTP(shown.secret)
    async with database.begin() as session:
        entry = await enrolling.with_totp(
            session, cookie=cookie, code=app.at(now), keys=keys, policy=POLICY, now=now
        )
        assert isinstance(entry, SignedIn)
        codes = await recovery.make(
            session,
            account_id=entry.account_id,
            by=Actor.account(entry.account_id, "x"),
            now=now,
        )
    return app, codes, entry


async def here(database: Database, cookie: str, *, now: datetime, **options: Any) -> Here | None:
    """Who is in with this cookie."""
    async with database.reading() as session:
        return await sessions.resume(session, cookie=cookie, now=now, **options)


BROWSER, ANOTHER = "a browser's secret", "another's"
ANNE = Address.parse("anne@example.org")


async def somebody(
    database: Database, now: datetime, *granted: Right, password: str | None = PASSWORD
) -> int:
    """Anne with these rights; her account's id."""
    async with database.begin() as session:
        account = await make.an_account(session, "anne", *granted, password=password, now=now)
        return account.id


async def told(database: Database) -> list[Event]:
    """What the audit tells, the latest first."""
    async with database.reading() as session:
        return list((await audit.events(session)).events)


async def with_app(
    database: Database, keys: Keys, now: datetime, *granted: Right
) -> tuple[int, pyotp.TOTP, list[str]]:
    """Anne with a password and an app: her account's id, the app, her recovery codes."""
    anne = await somebody(database, now, *granted or (Right.SENDER,))
    entry = await knock(database, keys, "anne", PASSWORD, now=now)
    assert isinstance(entry, NeedsEnrolment)
    app, codes, _ = await enrolled_app(database, keys, entry.secret, now=now)
    return anne, app, codes


async def use(
    database: Database,
    made: Made,
    now: datetime,
    binding: str | None = BROWSER,
    code: str | None = None,
    policy: Policy = POLICY,
) -> Entry | LinkRefusal:
    """Open a link that came by mail, in a browser that has such a secret."""
    async with database.begin() as session:
        return await signing_in_by_link.by_link(
            session,
            token=made.token,
            binding=binding,
            code=code,
            visitor=HERE,
            policy=policy,
            now=now,
        )


async def ask(
    database: Database,
    now: datetime,
    address: Address | None = ANNE,
    policy: Policy = POLICY,
    visitor: Visitor = HERE,
) -> AskedLink | Wait | None:
    """Ask for a link by mail."""
    async with database.begin() as session:
        return await signing_in_by_link.ask_link(
            session,
            address=address,
            binding=BROWSER,
            visitor=visitor,
            policy=policy,
            keys=make.KEYS,
            now=now,
        )
