"""Signing in: by a password and a second factor, or by a passkey. Links: `signing_in_by_link`.

async with database.begin() as session:
    attempt = await signing_in.begin(session, address=…, visitor=…, keys=…, now=…)
if isinstance(attempt, PasswordAttempt):
    compared = await attempt.compare(password)      # tens of milliseconds, no transaction open
    async with database.begin() as session:
        entry = await signing_in.by_password(session, attempt=attempt, compared=compared, …)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import entering, limits, passkeys, passwords, people, recovery, sessions, totp
from accounts.entering import (
    Entry,
    NeedsEnrolment,
    NeedsSecondFactor,
    Policy,
    Refused,
    SignedIn,
    Visitor,
)
from accounts.factors import Factor
from accounts.limits import Counted, Wait
from accounts.models import Account, AccountState, Stage
from accounts.passkeys import PasskeyRefusal, Proved, Site
from accounts.passwords import Compared
from accounts.people import ParsedAddress
from accounts.sessions import Here
from pli.actor import Actor
from pli.keys import Keys

__all__ = [
    "Entry",
    "NeedsEnrolment",
    "NeedsSecondFactor",
    "PasswordAttempt",
    "Policy",
    "Refused",
    "SignedIn",
    "Visitor",
    "begin",
    "by_code",
    "by_passkey",
    "by_password",
]


@dataclass(frozen=True, slots=True)
class PasswordAttempt:
    """A try with a password: counted already, and to be compared outside of any transaction."""

    account_id: int | None
    counted: Counted
    visitor: Visitor
    kept: str | None = field(repr=False)

    async def compare(self, password: str) -> Compared:
        """Compare what was typed; as much work where nobody has the address."""
        return await passwords.compared(password, self.kept)


async def begin(
    session: AsyncSession,
    *,
    address: ParsedAddress | None,
    visitor: Visitor,
    keys: Keys,
    now: datetime,
) -> PasswordAttempt | Refused:
    """Begin a try with a password; `address` is None if what was typed is none.

    The try counts as failed until `by_password`. Refused, if too many have failed.
    """
    counted = await limits.count(
        session,
        factor=Factor.PASSWORD,
        address=None if address is None else address.folded,
        network=visitor.network,
        keys=keys,
        now=now,
    )
    if isinstance(counted, Wait):
        return Refused(wait=counted.left)
    account = None if address is None else await people.find(session, address)
    if account is None or account.state is not AccountState.ACTIVE:
        return PasswordAttempt(None, counted, visitor, None)
    return PasswordAttempt(account.id, counted, visitor, account.password)


async def by_password(
    session: AsyncSession,
    *,
    attempt: PasswordAttempt,
    compared: Compared,
    policy: Policy,
    now: datetime,
) -> Entry:
    """Come in by a password, alone or before a second factor."""
    if compared.right:
        # Counts are locked before accounts, here as in `by_code`: nobody waits in a circle.
        await limits.forget(session, counted=attempt.counted, now=now)
    account = await _unchanged(session, attempt) if compared.right else None
    if account is None:
        return entering.refuse(
            session,
            account_id=attempt.account_id,
            why=Factor.PASSWORD,
            warn=attempt.counted.is_the_last_free_one,
            now=now,
        )
    if compared.better is not None and attempt.kept is not None:
        await passwords.strengthen(
            session, account_id=account.id, kept=attempt.kept, better=compared.better
        )
    return await entering.enter(
        session,
        account_id=account.id,
        name=account.name,
        proved={Factor.PASSWORD},
        browser=attempt.visitor.browser,
        policy=policy,
        now=now,
    )


async def _unchanged(session: AsyncSession, attempt: PasswordAttempt) -> Account | None:
    """The account, if it is still open and has the password that was compared."""
    account = await session.get(
        Account, attempt.account_id, populate_existing=True, with_for_update=True
    )
    if account is None or account.state is not AccountState.ACTIVE:
        return None
    return account if account.password == attempt.kept else None


async def by_code(
    session: AsyncSession,
    *,
    cookie: str,
    code: str,
    visitor: Visitor,
    keys: Keys,
    policy: Policy,
    now: datetime,
) -> Entry:
    """Come in by a code of the app, or a recovery code, after the first factor."""
    here = await sessions.half_way(session, cookie=cookie, stage=Stage.SECOND, now=now)
    if here is None:
        return Refused()
    factor = await prove_by_code(session, here=here, code=code, visitor=visitor, keys=keys, now=now)
    if isinstance(factor, Refused):
        return factor
    return await entering.enter(
        session,
        account_id=here.account_id,
        name=here.name,
        proved={*here.proved, factor},
        cookie=cookie,
        policy=policy,
        now=now,
    )


async def prove_by_code(
    session: AsyncSession, *, here: Here, code: str, visitor: Visitor, keys: Keys, now: datetime
) -> Factor | Refused:
    """Take a typed code within the limits of failures; which factor it was, or the refusal."""
    counted = await limits.count(
        session,
        factor=Factor.TOTP,
        address=here.address_folded,
        network=visitor.network,
        keys=keys,
        now=now,
    )
    if isinstance(counted, Wait):
        return Refused(wait=counted.left)
    factor = await _take_code(
        session, account_id=here.account_id, code=code, by=here.actor, keys=keys, now=now
    )
    if factor is None:
        return entering.refuse(
            session,
            account_id=here.account_id,
            why=Factor.TOTP,
            warn=counted.is_the_last_free_one,
            now=now,
        )
    await limits.forget(session, counted=counted, now=now)
    return factor


async def _take_code(
    session: AsyncSession, *, account_id: int, code: str, by: Actor, keys: Keys, now: datetime
) -> Factor | None:
    """Take what was typed as a code of the app, or else as a recovery code; which it was."""
    if totp.is_code(code):
        right = await totp.take(session, account_id=account_id, code=code, keys=keys, now=now)
        return Factor.TOTP if right else None
    there = await entering.has(session, account_id=account_id)
    if Factor.RECOVERY_CODE not in there.ways:
        return None
    right = await recovery.take(session, account_id=account_id, code=code, by=by, now=now)
    return Factor.RECOVERY_CODE if right else None


async def by_passkey(
    session: AsyncSession,
    *,
    site: Site,
    answer: str,
    binding: str,
    visitor: Visitor,
    policy: Policy,
    keys: Keys,
    now: datetime,
) -> Entry:
    """Come in by the answer to `passkeys.ask`, which is both factors."""
    counted = await limits.count(
        session,
        factor=Factor.PASSKEY,
        address=None,
        network=visitor.network,
        keys=keys,
        now=now,
    )
    if isinstance(counted, Wait):
        return Refused(wait=counted.left)
    proved = await passkeys.prove(session, site=site, answer=answer, binding=binding, now=now)
    if not isinstance(proved, Proved):
        return entering.refuse(
            session,
            account_id=proved.account_id,
            why=Factor.PASSKEY,
            warn=proved.reason is PasskeyRefusal.CLONED,
            now=now,
        )
    await limits.forget(session, counted=counted, now=now)
    return await entering.enter(
        session,
        account_id=proved.account_id,
        name=proved.name,
        proved={Factor.PASSKEY},
        browser=visitor.browser,
        policy=policy,
        now=now,
    )
