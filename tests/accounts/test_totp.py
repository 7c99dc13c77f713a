"""Codes of an app: enrolled by a first code, each taken once, never kept in clear."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from sqlalchemy import select

from accounts import sealing, totp
from accounts.models import Account
from accounts.sealing import SealError
from accounts.totp import Enrolment, TotpError
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from tests import factories as make

ROOT = Actor.system("root")
STEP = timedelta(seconds=30)


async def begun(
    database: Database, keys: Keys, now: datetime, name: str = "anne"
) -> tuple[int, Enrolment]:
    async with database.begin() as session:
        account = await make.an_account(session, name, now=now)
        return account.id, await totp.begin(
            session, account_id=account.id, issuer="Comité: Val", keys=keys
        )


async def confirm(
    database: Database, keys: Keys, account_id: int, code: str, now: datetime
) -> None:
    async with database.begin() as session:
        await totp.confirm(session, account_id=account_id, code=code, keys=keys, by=ROOT, now=now)


async def take(database: Database, keys: Keys, account_id: int, code: str, now: datetime) -> bool:
    async with database.begin() as session:
        return await totp.take(session, account_id=account_id, code=code, keys=keys, now=now)


async def test_an_app_reads_the_address_and_a_person_the_secret(
    database: Database, keys: Keys, now: datetime
) -> None:
    _, shown = await begun(database, keys, now)
    parts = urlsplit(shown.uri)
    asked = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Comité  Val:anne@example.org"
    assert asked["secret"] == [shown.secret]
    assert shown.in_groups.replace(" ", "") == shown.secret
    assert shown.in_groups.count(" ") == 7
    assert shown.secret not in repr(shown)
    drawn = shown.svg(title="<QR>")
    assert "style" not in drawn
    assert "class" not in drawn
    assert drawn.startswith("<svg ")
    assert "<title>&lt;QR&gt;</title>" in drawn


async def test_a_secret_is_in_use_only_after_its_first_code_which_is_used_then(
    database: Database, keys: Keys, now: datetime
) -> None:
    account_id, shown = await begun(database, keys, now)
    app = pyotp.TOTP(shown.secret)
    assert not await take(database, keys, account_id, app.at(now), now)
    await confirm(database, keys, account_id, f" {app.at(now)[:3]} {app.at(now)[3:]} ", now)
    assert not await take(database, keys, account_id, app.at(now), now)
    assert await take(database, keys, account_id, app.at(now + STEP), now + STEP)
    with pytest.raises(TotpError, match="begin again"):
        await confirm(database, keys, account_id, app.at(now), now)


async def test_another_app_takes_over_by_its_first_code_and_not_before(
    database: Database, keys: Keys, now: datetime
) -> None:
    account_id, shown = await begun(database, keys, now)
    old = pyotp.TOTP(shown.secret)
    await confirm(database, keys, account_id, old.at(now), now)
    async with database.begin() as session:
        further = await totp.begin(session, account_id=account_id, issuer="C", keys=keys)
    new, later = pyotp.TOTP(further.secret), now + STEP
    assert not await take(database, keys, account_id, new.at(later), later)
    assert await take(database, keys, account_id, old.at(later), later)
    await confirm(database, keys, account_id, new.at(later), later)
    later += STEP
    assert not await take(database, keys, account_id, old.at(later), later)
    assert await take(database, keys, account_id, new.at(later), later)
    async with database.begin() as session:
        assert await totp.remove(session, account_id=account_id, by=ROOT, now=now)
        assert not await totp.remove(session, account_id=account_id, by=ROOT, now=now)


@pytest.mark.parametrize(
    ("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
async def test_one_step_around_now_is_taken(
    database: Database, keys: Keys, now: datetime, steps: int, right: bool
) -> None:
    account_id, shown = await begun(database, keys, now)
    app, earlier = pyotp.TOTP(shown.secret), now - timedelta(hours=1)
    await confirm(database, keys, account_id, app.at(earlier), earlier)
    assert await take(database, keys, account_id, app.at(now + steps * STEP), now) is right


async def test_a_code_of_an_earlier_step_than_the_last_is_used(
    database: Database, keys: Keys, now: datetime
) -> None:
    account_id, shown = await begun(database, keys, now)
    app = pyotp.TOTP(shown.secret)
    await confirm(database, keys, account_id, app.at(now), now)
    assert not await take(database, keys, account_id, app.at(now - STEP), now)


async def test_of_one_code_at_once_one_use_counts(
    database: Database, keys: Keys, now: datetime
) -> None:
    account_id, shown = await begun(database, keys, now)
    app, later = pyotp.TOTP(shown.secret), now + 4 * STEP
    await confirm(database, keys, account_id, app.at(now), now)
    code = app.at(later)
    done = await asyncio.gather(*(take(database, keys, account_id, code, later) for _ in range(6)))
    assert sorted(done) == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("ahead", "told"), [(-120, "about 120 seconds slow"), (120, "about 120 seconds fast")]
)
async def test_a_clock_two_minutes_off_is_told_at_enrolment(
    database: Database, keys: Keys, now: datetime, ahead: int, told: str
) -> None:
    account_id, shown = await begun(database, keys, now)
    code = pyotp.TOTP(shown.secret).at(now + timedelta(seconds=ahead))
    with pytest.raises(TotpError, match=told):
        await confirm(database, keys, account_id, code, now)


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12345\0", "1" * 1_000_000, "\ud800" * 6]
)
async def test_what_is_no_code_is_told_and_never_taken(
    sqlite_url: str, keys: Keys, now: datetime, code: str
) -> None:
    database = Database(sqlite_url)
    account_id, _ = await begun(database, keys, now)
    with pytest.raises(TotpError, match="six digits"):
        await confirm(database, keys, account_id, code, now)
    assert not await take(database, keys, account_id, code, now)
    await database.close()


async def test_the_table_holds_no_secret_and_no_other_account_can_use_it(
    database: Database, keys: Keys, now: datetime
) -> None:
    account_id, shown = await begun(database, keys, now)
    other, _ = await begun(database, keys, now, "jean")
    async with database.reading() as session:
        sealed = await session.scalar(select(Account.totp_pending).where(Account.id == account_id))
    assert sealed is not None
    assert shown.secret.encode() not in sealed
    assert sealing.opened(keys, b"totp secret", account_id, sealed) == shown.secret.encode()
    added = Keys({**keys.tokens, "zz": b"n" * 32}, keys.address)
    assert sealing.opened(added, b"totp secret", account_id, sealed) == shown.secret.encode()
    lost = Keys({"zz": b"n" * 32}, keys.address)
    spoiled = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for ring, purpose, owner, what in (
        (keys, b"totp secret", other, sealed),
        (keys, b"another", account_id, sealed),
        (lost, b"totp secret", account_id, sealed),
        (keys, b"totp secret", account_id, spoiled),
        (keys, b"totp secret", account_id, b""),
    ):
        with pytest.raises(SealError, match=r"bring back pli\.keys"):
            sealing.opened(ring, purpose, owner, what)
