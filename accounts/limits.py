"""Limits of failed sign-ins, per address and per network. Nobody is locked out for good.

A try is counted before it is judged, so that a hundred tries at one moment are no hundred free
ones; a right one is taken back. Each factor has its own counts: a stranger's wrong passwords hold
up neither the code of somebody who has proved the first factor, nor a passkey. All counts are kept
under a key of that day: the table tells no address, and what it told yesterday says nothing about
today.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import ColumnElement, case, delete, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.factors import Factor
from accounts.models import SignInFailure
from pli.keys import Keys
from pli.upsert import insert_into

FREE = 5
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
"""After so long without a failure, the count begins anew."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many tries failed: the next is judged after this time."""

    left: timedelta


@dataclass(frozen=True, slots=True)
class Counted:
    """A try that was counted as failed until it is known to be right."""

    address: bytes | None
    network: bytes
    failures: int

    @property
    def is_the_last_free_one(self) -> bool:
        """Whether this try, if it fails, is the one after which the address has to wait."""
        return self.failures == FREE


async def count(
    session: AsyncSession,
    *,
    factor: Factor,
    address: str | None,
    network: str,
    keys: Keys,
    now: datetime,
) -> Counted | Wait:
    """Count a try with a factor, or say how long to wait; a try that has to wait is not counted.

    `address` is folded, and None if what was typed is no address. `network` is of `network_of`.
    """
    kind = factor.value
    of_address = _key(keys, now, f"{kind} address", address) if address is not None else None
    of_network = _key(keys, now, f"{kind} network", network)
    failures = 0
    if of_address is not None:
        counted = await _count(session, of_address, now)
        if isinstance(counted, Wait):
            return counted
        failures = counted
    here = await _count(session, of_network, now)
    if isinstance(here, Wait):
        if of_address is not None:
            await _take_back(session, of_address, now)
        return here
    return Counted(of_address, of_network, failures)


async def count_asking(
    session: AsyncSession, *, network: str, keys: Keys, now: datetime
) -> Wait | None:
    """Count that a link was asked for from a network; how long to wait, if too many were.

    Five are free, then one waits as after failures. Sign-ins from there do not wait for it.
    """
    counted = await _count(session, _key(keys, now, "links", network), now)
    return counted if isinstance(counted, Wait) else None


async def forget(session: AsyncSession, *, counted: Counted, now: datetime) -> None:
    """Forget the failures of the address with this factor, for the try was right.

    The network's failures stay, without this try.
    """
    if counted.address is not None:
        await session.execute(delete(SignInFailure).where(SignInFailure.key == counted.address))
    await _take_back(session, counted.network, now)


async def sweep(session: AsyncSession, *, now: datetime) -> int:
    """Delete the counts of earlier days; how many."""
    gone = await session.execute(
        delete(SignInFailure).where(SignInFailure.day < now.astimezone(UTC).date())
    )
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def wait_after(failures: int) -> timedelta:
    """How long to wait after so many failures: nothing, then 15 seconds, doubled to 15 minutes."""
    if failures < FREE:
        return timedelta(0)
    doubled: int = 2 ** min(failures - FREE, 10)
    return min(FIRST_WAIT * doubled, LONGEST_WAIT)


def network_of(host: str | None) -> str:
    """The network of an address: an IPv4 /24 or an IPv6 /64; all that is none is one network."""
    try:
        address = ip_address((host or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(ip_network((address, 24), strict=False))


async def _count(session: AsyncSession, key: bytes, now: datetime) -> int | Wait:
    row = SignInFailure
    counted = (
        await session.execute(
            insert_into(session, row)
            .values(key=key, day=now.astimezone(UTC).date(), count=1, at=now, wait_until=now)
            .on_conflict_do_update(
                index_elements=["key"],
                set_={"count": _one_more(now), "at": now},
                where=row.wait_until <= now,
            )
            .returning(row.count)
        )
    ).scalar_one_or_none()
    if counted is None:
        until = await session.scalar(select(row.wait_until).where(row.key == key))
        # The row may be gone by now: its person came in. One second, and the next try is judged.
        left = until - now if until is not None else timedelta(0)
        return Wait(max(left, timedelta(seconds=1)))
    if wait := wait_after(counted):
        await _update(session, key, wait_until=now + wait)
    return counted


def _one_more(now: datetime) -> ColumnElement[int]:
    row = SignInFailure
    return case((row.at < now - FORGOTTEN_AFTER, 1), else_=row.count + 1)


async def _take_back(session: AsyncSession, key: bytes, now: datetime) -> None:
    row = SignInFailure
    await _update(session, key, count=case((row.count > 0, row.count - 1), else_=0), wait_until=now)


async def _update(session: AsyncSession, key: bytes, **values: object) -> None:
    await session.execute(
        update(SignInFailure)
        .where(SignInFailure.key == key)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _key(keys: Keys, now: datetime, kind: str, value: str) -> bytes:
    day = now.astimezone(UTC).date().isoformat()
    of_the_day = keys.signer(b"failed sign-ins", keys.current)(day.encode())
    return hmac.digest(of_the_day, f"{kind}\0{value}".encode(errors="surrogatepass"), "sha256")
