"""Signing in as a page does it: transactions, the thread of the password, and an app's codes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyotp

from accounts import enrolling, recovery, sessions, signing_in
from accounts.sessions import Here
from accounts.signing_in import Entry, PasswordAttempt, Policy, SignedIn, Visitor
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from subscribers.address import Address

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
