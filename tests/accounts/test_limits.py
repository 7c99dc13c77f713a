"""Limits of failed sign-ins: five are free, then one waits, and nobody is locked out."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from accounts import limits
from accounts.factors import Factor
from accounts.limits import Counted, Wait
from accounts.models import SignInFailure
from pli.database import Database
from pli.keys import Keys

SECOND = timedelta(seconds=1)


async def count(
    database: Database,
    keys: Keys,
    now: datetime,
    address: str | None = "anne@example.org",
    network: str = "192.0.2.0/24",
    factor: Factor = Factor.PASSWORD,
) -> Counted | Wait:
    async with database.begin() as session:
        return await limits.count(
            session, factor=factor, address=address, network=network, keys=keys, now=now
        )


async def test_five_failures_are_free_then_the_wait_doubles_to_a_quarter_of_an_hour(
    database: Database, keys: Keys, now: datetime
) -> None:
    for n in range(5):
        counted = await count(database, keys, now)
        assert isinstance(counted, Counted)
        assert counted.is_the_last_free_one is (n == 4)
    at, waits = now, []
    for _ in range(9):
        waiting = await count(database, keys, at)
        assert isinstance(waiting, Wait)
        waits.append(int(waiting.left.total_seconds()))
        almost = await count(database, keys, at + waiting.left - SECOND)
        assert isinstance(almost, Wait), "waiting does not lengthen the wait"
        at += waiting.left
        assert isinstance(await count(database, keys, at), Counted)
    assert waits == [15, 30, 60, 120, 240, 480, 900, 900, 900]


async def test_a_network_and_an_address_wait_apart(
    database: Database, keys: Keys, now: datetime
) -> None:
    for n in range(5):
        await count(database, keys, now, network=f"10.0.{n}.0/24")
    assert isinstance(await count(database, keys, now, network="10.9.0.0/24"), Wait)
    for n in range(5):
        await count(database, keys, now, address=f"p{n}@example.org", network="10.8.0.0/24")
    waiting = await count(database, keys, now, address="new@example.org", network="10.8.0.0/24")
    assert isinstance(waiting, Wait)
    free = await count(database, keys, now, address="new@example.org", network="10.7.0.0/24")
    assert isinstance(free, Counted)
    assert free.failures == 1, "a try that had to wait for its network is not counted"
    assert isinstance(
        await count(database, keys, now, address=None, network="10.6.0.0/24"), Counted
    )


async def test_a_hundred_tries_at_one_moment_are_five(
    database: Database, keys: Keys, now: datetime
) -> None:
    done = await asyncio.gather(
        *(count(database, keys, now, network=f"10.{n}.0.0/24") for n in range(40))
    )
    assert sum(isinstance(it, Counted) for it in done) == 5


async def test_after_a_right_try_the_address_has_no_failures_and_the_network_keeps_its_own(
    database: Database, keys: Keys, now: datetime
) -> None:
    for _ in range(4):
        await count(database, keys, now)
    right = await count(database, keys, now)
    assert isinstance(right, Counted)
    async with database.begin() as session:
        await limits.forget(session, counted=right, now=now)
    again = await count(database, keys, now)
    assert isinstance(again, Counted), "the try that was right is not counted"
    assert again.failures == 1
    assert isinstance(await count(database, keys, now, address="b@example.org"), Wait)


async def test_each_factor_has_counts_of_its_own(
    database: Database, keys: Keys, now: datetime
) -> None:
    for _ in range(5):
        await count(database, keys, now)
    assert isinstance(await count(database, keys, now), Wait)
    code = await count(database, keys, now, factor=Factor.TOTP)
    assert isinstance(code, Counted)
    async with database.begin() as session:
        await limits.forget(session, counted=code, now=now)
    assert isinstance(await count(database, keys, now), Wait)


async def test_a_count_is_forgotten_after_an_hour_and_at_the_end_of_the_day(
    database: Database, keys: Keys, now: datetime
) -> None:
    for _ in range(4):
        await count(database, keys, now)
    later = await count(database, keys, now + timedelta(hours=1, seconds=1))
    assert isinstance(later, Counted)
    assert later.failures == 1
    async with database.begin() as session:
        assert await limits.sweep(session, now=now) == 0
        assert await limits.sweep(session, now=now + timedelta(days=1)) == 2


async def test_the_table_tells_no_address_and_nothing_of_another_day(
    database: Database, keys: Keys, now: datetime
) -> None:
    await count(database, keys, now)
    await count(database, keys, now + timedelta(days=1))
    async with database.reading() as session:
        kept = (await session.scalars(select(SignInFailure.key))).all()
    assert len(set(kept)) == 4
    assert not [it for it in kept if b"anne" in it or it == keys.address_key("anne@example.org")]


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", ""),
        ("", ""),
        (None, ""),
        ("1" * 5000, ""),
    ],
)
def test_a_network_is_what_one_visitor_can_have(host: str | None, network: str) -> None:
    assert limits.network_of(host) == network


@given(st.text(max_size=100) | st.ip_addresses().map(str))
def test_every_host_has_a_network(host: str) -> None:
    assert len(limits.network_of(host)) < 50


@given(st.integers(0, 10**9))
def test_no_wait_is_longer_than_a_quarter_of_an_hour(failures: int) -> None:
    assert limits.wait_after(failures) <= limits.wait_after(failures + 1) <= limits.LONGEST_WAIT


@pytest.mark.parametrize("address", ["", "\0", "\ud800", "\u202e", "<b>", "a" * 5000])
async def test_whatever_is_typed_as_an_address_is_counted(
    database: Database, keys: Keys, now: datetime, address: str
) -> None:
    assert isinstance(await count(database, keys, now, address=address), Counted)
