"""Signing in: who comes in by what, who waits, and what the audit tells of it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from accounts import (
    enrolling,
    passkeys,
    passwords,
    people,
    recovery,
    signing_in,
)
from accounts.factors import Factor
from accounts.passkeys import Site
from accounts.rights import Right
from accounts.signing_in import (
    Entry,
    NeedsEnrolment,
    NeedsSecondFactor,
    Policy,
    Refused,
    SignedIn,
    Visitor,
)
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction
from pli.database import Database
from pli.keys import Keys
from tests import factories as make
from tests.accounts.authenticator import Authenticator
from tests.accounts.sign_in_steps import (
    ANNE,
    BROWSER,
    HERE,
    OTHER,
    PASSWORD,
    POLICY,
    enrolled_app,
    give_code,
    here,
    knock,
    somebody,
    told,
    with_app,
)

ROOT = Actor.system("root")
SECOND = timedelta(seconds=1)
STEP = timedelta(seconds=30)
SITE = Site("localhost", "http://localhost:8080", "Comité")


async def show_passkey(
    database: Database, keys: Keys, device: Authenticator, now: datetime
) -> Entry:
    async with database.begin() as session:
        asked = await passkeys.ask(session, site=SITE, binding=BROWSER, now=now)
    async with database.begin() as session:
        return await signing_in.by_passkey(
            session,
            site=SITE,
            answer=device.get(asked),
            binding=BROWSER,
            visitor=HERE,
            policy=POLICY,
            keys=keys,
            now=now,
        )


async def test_a_password_lets_a_reader_in_and_the_audit_says_so(
    database: Database, keys: Keys, now: datetime
) -> None:
    anne = await somebody(database, now, Right.READER)
    one = await knock(database, keys, "anne", PASSWORD, now=now)
    two = await knock(database, keys, "ANNE", PASSWORD, now=now)
    assert isinstance(one, SignedIn)
    assert isinstance(two, SignedIn)
    assert one.secret != two.secret
    for entry in (one, two):
        assert entry.secret not in repr(entry)
        found = await here(database, entry.secret, now=now)
        assert found is not None
        assert found.account_id == anne
    event = (await told(database))[0]
    assert (event.action, event.account_id, event.why) == (AuditAction.SIGNED_IN, anne, "password")


async def test_a_wrong_password_and_a_stranger_read_the_same(
    database: Database, keys: Keys, now: datetime
) -> None:
    anne = await somebody(database, now)
    async with database.begin() as session:
        await make.an_account(session, "invited", password=PASSWORD, active=False, now=now)
        closed = await make.an_account(session, "closed", password=PASSWORD, now=now)
        await people.close(session, account_id=closed.id, by=ROOT, now=now)
    for name, password in (
        ("anne", OTHER),
        ("anne", ""),
        ("anne", "x" * 1_000_000),
        ("nobody", PASSWORD),
        ("invited", PASSWORD),
        ("closed", PASSWORD),
        ("", PASSWORD),
    ):
        visitor = Visitor.of(f"10.{len(name)}.{len(password) % 250}.1")
        entry = await knock(database, keys, name, password, now=now, visitor=visitor)
        assert entry == Refused(), name
    events = await told(database)
    assert [it.object_id for it in events[:7]] == [None] * 4 + [anne] * 3
    assert {it.action for it in events[:7]} == {AuditAction.SIGN_IN_FAILED}
    assert {it.actor for it in events[:7]} == {""}
    assert not [it for it in events if "nobody" in it.why or "example" in it.why]


async def test_after_five_failures_one_waits_and_the_person_is_to_be_told_once(
    database: Database, keys: Keys, now: datetime
) -> None:
    anne = await somebody(database, now)
    failed = [await knock(database, keys, "anne", OTHER, now=now) for _ in range(5)]
    assert failed == [Refused()] * 4 + [Refused(warn=anne)]
    waiting = await knock(database, keys, "anne", PASSWORD, now=now)
    assert waiting == Refused(wait=timedelta(seconds=15)), "the right one is not judged, either"
    later = now + timedelta(seconds=15)
    assert isinstance(await knock(database, keys, "anne", PASSWORD, now=later), SignedIn)
    elsewhere = Visitor.of("198.51.100.1")
    again = await knock(database, keys, "anne", OTHER, now=later, visitor=elsewhere)
    assert again == Refused(), "who came in begins anew"


async def test_forty_guesses_at_one_moment_are_five(
    sqlite_url: str, keys: Keys, now: datetime
) -> None:
    database = Database(sqlite_url)
    await somebody(database, now)
    done = await asyncio.gather(
        *(
            knock(database, keys, "anne", OTHER, now=now, visitor=Visitor.of(f"10.{n}.0.1"))
            for n in range(40)
        )
    )
    judged = [it for it in done if isinstance(it, Refused) and it.wait is None]
    assert len(judged) == 5
    await database.close()


async def test_a_password_that_changes_while_it_is_compared_lets_nobody_in(
    database: Database, keys: Keys, now: datetime
) -> None:
    anne = await somebody(database, now)
    async with database.begin() as session:
        attempt = await signing_in.begin(session, address=ANNE, visitor=HERE, keys=keys, now=now)
    assert isinstance(attempt, signing_in.PasswordAttempt)
    assert attempt.kept not in (None, repr(attempt))
    compared = await attempt.compare(PASSWORD)
    assert compared.right
    new = await passwords.hashed(OTHER, names=())
    async with database.begin() as session:
        await passwords.keep(session, account_id=anne, password=new, by=ROOT, now=now)
    async with database.begin() as session:
        entry = await signing_in.by_password(
            session, attempt=attempt, compared=compared, policy=POLICY, now=now
        )
    assert entry == Refused()


@pytest.mark.parametrize("right", [Right.SENDER, Right.KEEPER, Right.RIGHTS, Right.OPERATOR])
async def test_who_sends_keeps_or_administers_enrols_before_anything_else(
    database: Database, keys: Keys, now: datetime, right: Right
) -> None:
    await somebody(database, now, right)
    entry = await knock(database, keys, "anne", PASSWORD, now=now)
    assert isinstance(entry, NeedsEnrolment)
    assert entry.ways == {Factor.TOTP, Factor.PASSKEY}
    assert await here(database, entry.secret, now=now) is None
    assert await give_code(database, keys, entry.secret, "000000", now=now) == Refused()
    _, _, signed_in = await enrolled_app(database, keys, entry.secret, now=now)
    assert await here(database, signed_in.secret, now=now)
    assert await here(database, entry.secret, now=now) is None


async def test_a_setting_asks_everybody_for_two_factors(
    database: Database, keys: Keys, now: datetime
) -> None:
    await somebody(database, now, Right.READER)
    policy = Policy(two_for_all=True)
    entry = await knock(database, keys, "anne", PASSWORD, now=now, policy=policy)
    assert isinstance(entry, NeedsEnrolment)


async def test_a_code_of_the_app_is_the_second_factor_once(
    database: Database, keys: Keys, now: datetime
) -> None:
    anne, app, _ = await with_app(database, keys, now)
    later = now + 2 * STEP
    halves = [await knock(database, keys, "anne", PASSWORD, now=later) for _ in range(2)]
    secrets = [it.secret for it in halves if isinstance(it, NeedsSecondFactor)]
    assert len(secrets) == 2
    assert await here(database, secrets[0], now=later) is None
    code = app.at(later)
    done = await asyncio.gather(*(give_code(database, keys, it, code, now=later) for it in secrets))
    assert sorted(type(it).__name__ for it in done) == ["Refused", "SignedIn"]
    (entry,) = [it for it in done if isinstance(it, SignedIn)]
    found = await here(database, entry.secret, now=later)
    assert found is not None
    assert found.account_id == anne
    assert found.proved == {Factor.PASSWORD, Factor.TOTP}
    assert entry.secret not in secrets


async def test_a_recovery_code_stands_in_for_the_app(
    database: Database, keys: Keys, now: datetime
) -> None:
    anne, _, codes = await with_app(database, keys, now)
    half = await knock(database, keys, "anne", PASSWORD, now=now)
    assert isinstance(half, NeedsSecondFactor)
    assert half.ways == {Factor.TOTP, Factor.RECOVERY_CODE}
    assert isinstance(await give_code(database, keys, half.secret, codes[0], now=now), SignedIn)
    half = await knock(database, keys, "anne", PASSWORD, now=now)
    assert isinstance(half, NeedsSecondFactor)
    assert await give_code(database, keys, half.secret, codes[0], now=now) == Refused()
    async with database.reading() as session:
        assert await recovery.left(session, account_id=anne) == 9
        (event,) = (await audit.events(session, action=AuditAction.CODE_USED)).events
    assert (event.account_id, event.count) == (anne, 9)


async def test_a_thief_of_the_password_has_five_guesses_of_the_code(
    database: Database, keys: Keys, now: datetime
) -> None:
    anne, app, _ = await with_app(database, keys, now)
    at, judged = now + 10 * STEP, []
    wrong = "000000" if app.verify("000000", for_time=at, valid_window=1) is False else "000001"
    for n in range(8):
        network = Visitor.of(f"10.{n}.0.1")
        half = await knock(database, keys, "anne", PASSWORD, now=at, visitor=network)
        assert isinstance(half, NeedsSecondFactor)
        judged.append(await give_code(database, keys, half.secret, wrong, now=at, visitor=network))
    waiting = Refused(wait=timedelta(seconds=15))
    assert judged == [Refused()] * 4 + [Refused(warn=anne)] + [waiting] * 3


async def test_a_strangers_wrong_passwords_hold_up_neither_a_code_nor_a_passkey(
    database: Database, keys: Keys, now: datetime
) -> None:
    _, app, _ = await with_app(database, keys, now)
    at = now + 10 * STEP
    half = await knock(database, keys, "anne", PASSWORD, now=at)
    assert isinstance(half, NeedsSecondFactor)
    for _ in range(5):
        await knock(database, keys, "anne", OTHER, now=at)
    waiting = await knock(database, keys, "anne", PASSWORD, now=at)
    assert isinstance(waiting, Refused)
    assert waiting.wait
    unknown = await show_passkey(database, keys, Authenticator(SITE.origin), at)
    assert unknown == Refused(), "judged, though the network waits for its passwords"
    code = await give_code(database, keys, half.secret, app.at(at), now=at)
    assert isinstance(code, SignedIn)


async def test_the_way_in_is_open_for_a_quarter_of_an_hour(
    database: Database, keys: Keys, now: datetime
) -> None:
    _, app, _ = await with_app(database, keys, now)
    half = await knock(database, keys, "anne", PASSWORD, now=now)
    assert isinstance(half, NeedsSecondFactor)
    late = now + timedelta(minutes=15)
    assert await give_code(database, keys, half.secret, app.at(late), now=late) == Refused()


async def test_a_passkey_is_both_factors(database: Database, keys: Keys, now: datetime) -> None:
    anne = await somebody(database, now, Right.SENDER)
    half = await knock(database, keys, "anne", PASSWORD, now=now)
    assert isinstance(half, NeedsEnrolment)
    device = Authenticator(SITE.origin)
    async with database.begin() as session:
        options = await enrolling.ask_passkey(
            session, cookie=half.secret, site=SITE, policy=POLICY, now=now
        )
    assert options is not None
    async with database.begin() as session:
        entry = await enrolling.with_passkey(
            session,
            cookie=half.secret,
            site=SITE,
            answer=device.create(options),
            name="PC",
            policy=POLICY,
            now=now,
        )
    assert isinstance(entry, SignedIn)

    thief = device.clone()
    entry = await show_passkey(database, keys, device, now)
    assert isinstance(entry, SignedIn)
    found = await here(database, entry.secret, now=now, two_for_all=True)
    assert found is not None
    assert found.proved == {Factor.PASSKEY}
    assert await show_passkey(database, keys, thief, now) == Refused(warn=anne)
    assert await show_passkey(database, keys, Authenticator(SITE.origin), now) == Refused()
    # With a passkey, the password alone leads to the passkey and to nothing else.
    half_again = await knock(database, keys, "anne", PASSWORD, now=now)
    assert isinstance(half_again, NeedsSecondFactor)
    assert half_again.ways == {Factor.PASSKEY}
    async with database.begin() as session:
        await people.close(session, account_id=anne, by=ROOT, now=now)
    assert await show_passkey(database, keys, device, now) == Refused()
