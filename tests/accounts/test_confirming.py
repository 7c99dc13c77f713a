"""A further proof before what counts."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pyotp

from accounts import confirming, passkeys, sweeping
from accounts.factors import Factor
from accounts.passkeys import Site
from accounts.rights import Right
from accounts.signing_in import NeedsEnrolment, Refused, SignedIn
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.accounts.authenticator import Authenticator
from tests.accounts.sign_in_steps import HERE, PASSWORD, POLICY, enrolled_app, here, knock

ROOT = Actor.system("root")
SITE = Site("localhost", "http://localhost:8080", "Comité")
HOUR = timedelta(hours=1)


async def sender(
    database: Database, keys: Keys, now: datetime, name: str = "anne"
) -> tuple[SignedIn, pyotp.TOTP, list[str]]:
    async with database.begin() as session:
        await make.an_account(session, name, Right.SENDER, password=PASSWORD, now=now)
    half = await knock(database, keys, name, PASSWORD, now=now)
    assert isinstance(half, NeedsEnrolment)
    app, codes, entry = await enrolled_app(database, keys, half.secret, now=now)
    return entry, app, codes


async def by_code(
    database: Database, keys: Keys, cookie: str, code: str, now: datetime
) -> SignedIn | Refused:
    async with database.begin() as session:
        return await confirming.by_code(
            session, cookie=cookie, code=code, visitor=HERE, keys=keys, policy=POLICY, now=now
        )


async def test_a_code_confirms_and_changes_the_secret(
    database: Database, keys: Keys, now: datetime
) -> None:
    entry, app, codes = await sender(database, keys, now)
    later = now + 2 * HOUR
    before = await here(database, entry.secret, now=later)
    assert before is not None
    assert not before.is_confirmed(now=later)
    done = await asyncio.gather(
        *(by_code(database, keys, entry.secret, app.at(later), later) for _ in range(3))
    )
    (confirmed,) = [it for it in done if isinstance(it, SignedIn)]
    assert await here(database, entry.secret, now=later) is None
    after = await here(database, confirmed.secret, now=later)
    assert after is not None
    assert after.is_confirmed(now=later + HOUR)
    assert not after.is_confirmed(now=later + HOUR + timedelta(seconds=1))
    assert after.session_id == before.session_id
    by_recovery = await by_code(database, keys, confirmed.secret, codes[3], later)
    assert isinstance(by_recovery, SignedIn)
    async with database.reading() as session:
        page = await audit.events(session, action=AuditAction.CONFIRMED)
    assert [it.why for it in page.events] == ["recovery_code", "totp"]


async def test_a_thief_of_the_cookie_guesses_five_codes(
    database: Database, keys: Keys, now: datetime
) -> None:
    entry, app, _ = await sender(database, keys, now)
    wrong = app.at(now + timedelta(days=1))
    done = [await by_code(database, keys, entry.secret, wrong, now) for _ in range(7)]
    assert done[:5] == [Refused()] * 4 + [Refused(warn=entry.account_id)]
    assert all(isinstance(it, Refused) and it.wait for it in done[5:])
    assert await by_code(database, keys, "no cookie", wrong, now) == Refused()


async def test_only_the_own_passkey_confirms(database: Database, keys: Keys, now: datetime) -> None:
    anne, _, _ = await sender(database, keys, now)
    jean, _, _ = await sender(database, keys, now, "jean")
    devices = []
    for entry in (anne, jean):
        device = Authenticator(SITE.origin)
        async with database.begin() as session:
            options = await passkeys.ask_to_register(
                session, account_id=entry.account_id, site=SITE, binding=entry.secret, now=now
            )
            await passkeys.register(
                session,
                account_id=entry.account_id,
                site=SITE,
                answer=device.create(options),
                binding=entry.secret,
                name="PC",
                by=ROOT,
                now=now,
            )
        devices.append(device)

    async def confirm(device: Authenticator, cookie: str) -> SignedIn | Refused:
        async with database.begin() as session:
            options = await confirming.ask_passkey(
                session, cookie=cookie, site=SITE, policy=POLICY, now=now
            )
        assert options is not None
        async with database.begin() as session:
            return await confirming.by_passkey(
                session,
                cookie=cookie,
                site=SITE,
                answer=device.get(options),
                policy=POLICY,
                now=now,
            )

    thief = devices[0].clone()
    assert await confirm(devices[1], anne.secret) == Refused()
    confirmed = await confirm(devices[0], anne.secret)
    assert isinstance(confirmed, SignedIn)
    found = await here(database, confirmed.secret, now=now)
    assert found is not None
    assert found.proved == {Factor.PASSWORD, Factor.TOTP, Factor.PASSKEY}
    assert await confirm(thief, confirmed.secret) == Refused(warn=anne.account_id)
    async with database.begin() as session:
        assert (
            await confirming.ask_passkey(
                session, cookie=anne.secret, site=SITE, policy=POLICY, now=now
            )
            is None
        )


async def test_the_sweep_takes_what_is_over(database: Database, keys: Keys, now: datetime) -> None:
    entry, _, _ = await sender(database, keys, now)
    async with database.begin() as session:
        await passkeys.ask(session, site=SITE, binding="x", now=now)
        assert await sweeping.sweep(session, now=now) == 0
        gone = await sweeping.sweep(session, now=now + timedelta(days=15))
    assert gone >= 3
    assert await here(database, entry.secret, now=now) is None
