"""What a sign-in comes to: in, half-way, or refused. The session is made or renewed here.

Every event goes into the audit in the same transaction. A try that has to wait is not judged and
leaves no event, so that nobody fills the audit from outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import browsers, factors, limits, recovery, rights, sessions, trace
from accounts.factors import Factor, Has
from accounts.models import Account, Passkey, Stage
from pli.actor import Actor
from pli.audit import AuditAction


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say: two factors for everybody; links by mail as a way in for readers."""

    two_for_all: bool = False
    sign_in_links: bool = False


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where somebody signs in: the network, and the browser in words."""

    network: str
    browser: str

    @classmethod
    def of(cls, host: str | None, user_agent: str = "") -> Self:
        """From the client's address and its User-Agent."""
        return cls(limits.network_of(host), browsers.in_words(user_agent))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person is in; `secret` is the new cookie, good until `until` at the latest."""

    account_id: int
    secret: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class NeedsSecondFactor:
    """One more proof is needed, by one of the `ways`; the cookie leads to nothing else."""

    account_id: int
    secret: str = field(repr=False)
    until: datetime
    ways: frozenset[Factor]


@dataclass(frozen=True, slots=True)
class NeedsEnrolment:
    """The account lacks a factor and must get one first; the cookie leads to nothing else.

    `ways`: a password if there is none, an app beside a password, a passkey at any time.
    """

    account_id: int
    secret: str = field(repr=False)
    until: datetime
    ways: frozenset[Factor]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody comes in. The words are the same whatever was wrong.

    `wait` is how long no further try is judged. `warn` is the account whose person is to be told
    by mail: too many tries failed, or its passkey was cloned.
    """

    wait: timedelta | None = None
    warn: int | None = None


Entry = SignedIn | NeedsSecondFactor | NeedsEnrolment | Refused


async def has(session: AsyncSession, *, account_id: int) -> Has:
    """The factors that an account has."""
    passkeys = (
        select(func.count())
        .select_from(Passkey)
        .where(Passkey.account_id == account_id)
        .scalar_subquery()
    )
    row = (
        await session.execute(
            select(Account.password.is_not(None), Account.totp.is_not(None), passkeys).where(
                Account.id == account_id
            )
        )
    ).one()
    codes = await recovery.left(session, account_id=account_id)
    return Has(password=bool(row[0]), totp=bool(row[1]), passkeys=row[2], codes=codes)


async def enter(
    session: AsyncSession,
    *,
    account_id: int,
    name: str,
    proved: Iterable[Factor],
    browser: str = "",
    cookie: str | None = None,
    policy: Policy,
    now: datetime,
) -> Entry:
    """Let a person in as far as the proofs suffice.

    Makes a new session, or, given the cookie of a session that is half-way, renews that one.
    """
    proved = frozenset(proved)
    there = await has(session, account_id=account_id)
    granted = await rights.granted(session, account_id=account_id)
    reached = factors.stage(
        proved, there, two_needed=policy.two_for_all or granted.needs_two_factors
    )
    opened = (
        await sessions.open_(
            session,
            account_id=account_id,
            stage=reached,
            proved=proved,
            browser=browser,
            now=now,
        )
        if cookie is None
        else await sessions.renew(session, cookie=cookie, stage=reached, proved=proved, now=now)
    )
    if opened is None:
        return Refused()
    trace.of_account(
        session,
        AuditAction.SIGNED_IN if reached is Stage.WHOLE else AuditAction.HALF_WAY,
        account_id,
        by=Actor.account(account_id, name),
        why=factors.kept(proved),
        now=now,
    )
    match reached:
        case Stage.WHOLE:
            return SignedIn(account_id, opened.secret, opened.until)
        case Stage.SECOND:
            return NeedsSecondFactor(account_id, opened.secret, opened.until, there.ways)
        case Stage.ENROL:
            ways = to_enrol(proved, there)
            return NeedsEnrolment(account_id, opened.secret, opened.until, ways)


def to_enrol(proved: Iterable[Factor], there: Has) -> frozenset[Factor]:
    """What somebody may make who has to make a factor: a passkey, or the next thing beside it."""
    wants_password = not there.password or factors.must_renew(proved)
    return frozenset({Factor.PASSKEY, Factor.PASSWORD if wants_password else Factor.TOTP})


def refuse(
    session: AsyncSession,
    *,
    account_id: int | None,
    why: Factor,
    warn: bool = False,
    now: datetime,
) -> Refused:
    """Note a failed try, at that factor, of an account if there is any; the refusal."""
    trace.of_account(
        session,
        AuditAction.SIGN_IN_FAILED,
        account_id,
        by=Actor.nobody(),
        why=why.value,
        now=now,
    )
    return Refused(warn=account_id if warn else None)
