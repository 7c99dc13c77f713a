"""Passwords: hashed and compared in a thread, kept as Argon2id.

Argon2 takes about a tenth of a second and 64 MB, on purpose. Two at a time are worked on, and no
transaction is open meanwhile: `hashed` and `compared` take no session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple, Unpack

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import password_rules, trace
from accounts.models import Account
from pli.actor import Actor
from pli.audit import AuditAction
from pli.errors import PliError

if TYPE_CHECKING:
    from pwdlib import PasswordHash

R = TypeVar("R")
A = TypeVarTuple("A")

AT_ONCE = 2

PASSES, MEMORY_KIB, LANES = 3, 64 * 1024, 4
"""RFC 9106, section 4: the second recommended choice, for where 2 GiB a hash are too much.

OWASP's minimum (19 MiB, 2 passes, 1 lane) costs a thief who has the table a sixth of that. Written
here, and not taken from a library's advice, which may change: a hash of another strength is made
anew when its person next signs in. `benchmarks/office.py` measures what a sign-in takes.
"""


class PasswordError(PliError):
    """The password cannot be taken; one sentence for each reason."""


@dataclass(frozen=True, slots=True)
class Hashed:
    """A password that was found good, as it is kept."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether a password is the one that is kept; `better` is a stronger hash of it, if any."""

    right: bool
    better: str | None = field(default=None, repr=False)


async def hashed(password: str, *, names: Collection[str]) -> Hashed:
    """Judge and hash a new password; `names` are its person's, address and committee.

    Raises PasswordError, which lists every fault.
    """
    if found := password_rules.faults(password, names=names):
        raise PasswordError.listing(found)
    return Hashed(await _in_thread(_hash, _bytes(password)))


async def compared(password: str, kept: str | None) -> Compared:
    """Compare a password with the hash that is kept; without one (None), the same work is done."""
    if len(password) > password_rules.LONGEST:
        # Nobody's password. The time that the comparison takes must tell nothing, either.
        password, kept = "", None
    return await _in_thread(_compare, _bytes(password), kept)


async def keep(
    session: AsyncSession, *, account_id: int, password: Hashed, by: Actor, now: datetime
) -> None:
    """Let an account have this password from now on; its sessions are the caller's to end."""
    await session.execute(
        update(Account).where(Account.id == account_id).values(password=password.text)
    )
    trace.of_account(
        session,
        AuditAction.PASSWORD_SET,
        account_id,
        by=by,
        now=now,
    )


async def strengthen(session: AsyncSession, *, account_id: int, kept: str, better: str) -> None:
    """Replace a hash by a stronger one of the same password, if it is still the kept one."""
    await session.execute(
        update(Account)
        .where(Account.id == account_id, Account.password == kept)
        .values(password=better)
    )


def _bytes(password: str) -> bytes:
    return password_rules.normalised(password).encode(errors="surrogatepass")


def _hash(password: bytes) -> str:
    return _hasher().hash(password)


def _compare(password: bytes, kept: str | None) -> Compared:
    right, better = _hasher().verify_and_update(password, kept or _nobodys())
    return Compared(right and kept is not None, better if kept is not None else None)


@cache
def _hasher() -> PasswordHash:
    # Imported here: a command that asks for no password need not wait for it.
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    work = Argon2Hasher(
        time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, salt_len=16, hash_len=32
    )
    return PasswordHash((work,))


@cache
def _nobodys() -> str:
    """A hash to compare with where there is none, made with the same strength."""
    return _hasher().hash("nobody has this password")


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pli-password")


async def _in_thread(work: Callable[[Unpack[A]], R], *args: *A) -> R:
    return await asyncio.get_running_loop().run_in_executor(_pool(), work, *args)
