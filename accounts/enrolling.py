"""New factors: for somebody on the way in who lacks one, and for somebody who is in.

On the way in, the cookie is the one of `NeedsEnrolment`. Each verb checks again that the account
still lacks what it needs: a thief of the password must not add a factor after its person did.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import entering, factors, passkeys, passwords, session_ends, sessions, totp
from accounts.entering import Entry, Policy, Refused
from accounts.factors import Factor, Has
from accounts.models import Account, Stage
from accounts.passkeys import PasskeyError, Site
from accounts.passwords import Hashed
from accounts.sessions import Here, Opened
from accounts.totp import Enrolment, TotpError
from pli.keys import Keys
from pli.language import N_


async def with_password(
    session: AsyncSession, *, cookie: str, password: Hashed, policy: Policy, now: datetime
) -> Entry:
    """Set the first password of an account, or a new one for who lost it.

    A new one ends the other sessions of the account.
    """
    here = await _enrolling(session, cookie, policy, now)
    if here is None:
        return Refused()
    if (await entering.has(session, account_id=here.account_id)).password:
        if not factors.must_renew(here.proved):
            return Refused()
        await session_ends.end_all(
            session, account_id=here.account_id, but=here.session_id, by=here.actor, now=now
        )
    await passwords.keep(
        session, account_id=here.account_id, password=password, by=here.actor, now=now
    )
    return await _further(session, here, Factor.PASSWORD, cookie, policy, now)


async def begin_totp(
    session: AsyncSession, *, cookie: str, issuer: str, keys: Keys, policy: Policy, now: datetime
) -> Enrolment | None:
    """Make the secret for an app, beside a password; None if there is nothing to enrol."""
    here = await _enrolling(session, cookie, policy, now)
    if here is None or not (await entering.has(session, account_id=here.account_id)).password:
        return None
    return await totp.begin(session, account_id=here.account_id, issuer=issuer, keys=keys)


async def with_totp(
    session: AsyncSession, *, cookie: str, code: str, keys: Keys, policy: Policy, now: datetime
) -> Entry:
    """Enrol the app by its first code; `recovery.make` belongs into the same transaction.

    Raises TotpError for a wrong code.
    """
    here = await _enrolling(session, cookie, policy, now)
    if here is None:
        return Refused()
    await totp.confirm(
        session, account_id=here.account_id, code=code, keys=keys, by=here.actor, now=now
    )
    return await _further(session, here, Factor.TOTP, cookie, policy, now)


async def ask_passkey(
    session: AsyncSession, *, cookie: str, site: Site, policy: Policy, now: datetime
) -> str | None:
    """What the browser needs to make a passkey, as JSON; None if there is nothing to enrol."""
    here = await _enrolling(session, cookie, policy, now)
    if here is None:
        return None
    return await passkeys.ask_to_register(
        session, account_id=here.account_id, site=site, binding=cookie, now=now
    )


async def with_passkey(
    session: AsyncSession,
    *,
    cookie: str,
    site: Site,
    answer: str,
    name: str,
    policy: Policy,
    now: datetime,
) -> Entry:
    """Enrol a passkey by the answer to `ask_passkey`; raises PasskeyError."""
    here = await _enrolling(session, cookie, policy, now)
    if here is None:
        return Refused()
    await passkeys.register(
        session,
        account_id=here.account_id,
        site=site,
        answer=answer,
        binding=cookie,
        name=name,
        by=here.actor,
        now=now,
    )
    return await _further(session, here, Factor.PASSKEY, cookie, policy, now)


async def replace_password(
    session: AsyncSession, *, cookie: str, password: Hashed, policy: Policy, now: datetime
) -> Opened | None:
    """Give the account of somebody who is in another password; its other sessions end.

    None if the person has not proved to be there within the last hour: by a link, too.
    """
    here = await sessions.resume(session, cookie=cookie, two_for_all=policy.two_for_all, now=now)
    if here is None or not here.is_confirmed(now=now):
        return None
    opened = await sessions.renew(
        session,
        cookie=cookie,
        stage=Stage.WHOLE,
        proved=here.proved,
        confirmed_at=here.confirmed_at,
        now=now,
    )
    if opened is None:
        return None
    await passwords.keep(
        session, account_id=here.account_id, password=password, by=here.actor, now=now
    )
    await session_ends.end_all(
        session, account_id=here.account_id, but=here.session_id, by=here.actor, now=now
    )
    return opened


async def remove_passkey(
    session: AsyncSession, *, here: Here, passkey_id: int, policy: Policy, now: datetime
) -> bool:
    """Take a passkey from somebody who is in; False if that account has no such passkey.

    Raises PasskeyError where the rest would not suffice: whoever knows the password could then
    enrol a second factor in place of its person.
    """
    there = await _locked(session, here)
    gone = await passkeys.remove(
        session, account_id=here.account_id, passkey_id=passkey_id, by=here.actor, now=now
    )
    left = replace(there, passkeys=there.passkeys - 1)
    if gone and not _suffices(left, here, policy):
        raise PasskeyError(
            N_("without this passkey you could not sign in any more: make another factor first")
        )
    return gone


async def remove_app(session: AsyncSession, *, here: Here, policy: Policy, now: datetime) -> bool:
    """Forget the app of somebody who is in; False if that account has none.

    Raises TotpError where the rest would not suffice, as `remove_passkey` does.
    """
    there = await _locked(session, here)
    gone = await totp.remove(session, account_id=here.account_id, by=here.actor, now=now)
    if gone and not _suffices(replace(there, totp=False), here, policy):
        raise TotpError(
            N_("without this app you could not sign in any more: make another factor first")
        )
    return gone


async def _locked(session: AsyncSession, here: Here) -> Has:
    """The factors that an account has, which nobody else changes until this transaction ends."""
    await session.execute(select(Account.id).where(Account.id == here.account_id).with_for_update())
    return await entering.has(session, account_id=here.account_id)


def _suffices(left: Has, here: Here, policy: Policy) -> bool:
    two_needed = policy.two_for_all or here.granted.needs_two_factors
    return factors.suffices(left, two_needed=two_needed)


async def _enrolling(
    session: AsyncSession, cookie: str, policy: Policy, now: datetime
) -> Here | None:
    """Who is on the way in and still lacks a factor."""
    here = await sessions.half_way(session, cookie=cookie, stage=Stage.ENROL, now=now)
    if here is None:
        return None
    # Of two that enrol at once, the second sees what the first has done.
    there = await _locked(session, here)
    two_needed = policy.two_for_all or here.granted.needs_two_factors
    lacks = factors.stage(here.proved, there, two_needed=two_needed) is Stage.ENROL
    return here if lacks else None


async def _further(
    session: AsyncSession,
    here: Here,
    factor: Factor,
    cookie: str,
    policy: Policy,
    now: datetime,
) -> Entry:
    return await entering.enter(
        session,
        account_id=here.account_id,
        name=here.name,
        proved={*here.proved, factor},
        cookie=cookie,
        policy=policy,
        now=now,
    )
