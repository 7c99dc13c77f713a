"""Sessions: who is signed in, in which browser. `session_ends` lists and ends them.

The browser holds a secret of 32 random bytes, and the table its SHA-256. Each sign-in and each
further proof makes a new secret, so that a secret from before it is worth nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import factors, tokens
from accounts.abilities import Granted
from accounts.factors import SECOND, Factor
from accounts.models import Account, AccountRight, AccountState, OfficeSession, Stage
from pli.actor import Actor

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=14)
HALF_WAY = timedelta(minutes=15)
"""How long a person may take between the first proof and the last."""
SEEN_EVERY = timedelta(minutes=1)
CONFIRMED_FOR = timedelta(hours=1)
"""How old the last proof may be for a release."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session's new secret, for the cookie, and its latest end."""

    secret: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Here:
    """Who is signed in, or on the way, by which session, and what that account may do."""

    session_id: int
    account_id: int
    name: str
    address: str
    address_folded: str
    language: str
    zone: str
    granted: Granted
    stage: Stage
    proved: frozenset[Factor]
    confirmed_at: datetime
    seen_at: datetime
    until: datetime

    @property
    def actor(self) -> Actor:
        """The account, as verbs take it for `by`."""
        return Actor.account(self.account_id, self.name)

    def is_confirmed(self, *, now: datetime) -> bool:
        """Whether the person proved to be there within the last hour."""
        return abs(now - self.confirmed_at) <= CONFIRMED_FOR

    def wants_touch(self, *, now: datetime) -> bool:
        """Whether `touch` is due: once a minute at most."""
        return now - self.seen_at >= SEEN_EVERY


async def open_(
    session: AsyncSession,
    *,
    account_id: int,
    stage: Stage,
    proved: Iterable[Factor],
    browser: str,
    now: datetime,
) -> Opened:
    """Begin a session; only `entering.enter` knows when one may begin."""
    secret = tokens.new()
    until = now + (LONGEST if stage is Stage.WHOLE else HALF_WAY)
    session.add(
        OfficeSession(
            secret_hash=tokens.digest(secret),
            account_id=account_id,
            stage=stage,
            factors=factors.kept(proved),
            made_at=now,
            seen_at=now,
            until=until,
            confirmed_at=now,
            browser=browser[:100],
        )
    )
    await session.flush()
    return Opened(secret, until)


async def resume(
    session: AsyncSession, *, cookie: str, two_for_all: bool = False, now: datetime
) -> Here | None:
    """Who has this cookie, if the person is all the way in; one query, and nothing is written.

    None for an ended, idle, closed or half-way session, and for one with a single factor whose
    account needs two by now: a right, or the setting `two_for_all`, came after the sign-in.
    """
    here = await _read(session, cookie, now)
    if here is None or here.stage is not Stage.WHOLE:
        return None
    strong = Factor.PASSKEY in here.proved or bool(here.proved & SECOND)
    if (two_for_all or here.granted.needs_two_factors) and not strong:
        return None
    return here


async def half_way(
    session: AsyncSession, *, cookie: str, stage: Stage, now: datetime
) -> Here | None:
    """Who has this cookie, if the session waits at that stage; nothing is written."""
    here = await _read(session, cookie, now)
    return here if here is not None and here.stage is stage else None


async def _read(session: AsyncSession, cookie: str, now: datetime) -> Here | None:
    rows = (
        await session.execute(
            select(OfficeSession, Account, AccountRight.right, AccountRight.list_id)
            .join(Account, Account.id == OfficeSession.account_id)
            .outerjoin(AccountRight, AccountRight.account_id == Account.id)
            .where(
                OfficeSession.secret_hash == tokens.digest(cookie),
                OfficeSession.until > now,
                OfficeSession.seen_at > now - IDLE,
                Account.state == AccountState.ACTIVE,
            )
            # A row that this session has loaded before may have changed since.
            .execution_options(populate_existing=True)
        )
    ).all()
    if not rows:
        return None
    kept, account = rows[0][0], rows[0][1]
    return Here(
        session_id=kept.id,
        account_id=account.id,
        name=account.name,
        address=account.address,
        address_folded=account.address_folded,
        language=account.language,
        zone=account.zone,
        granted=Granted.of((it.right, it.list_id) for it in rows if it.right is not None),
        stage=kept.stage,
        proved=factors.read(kept.factors),
        confirmed_at=kept.confirmed_at,
        seen_at=kept.seen_at,
        until=kept.until,
    )


async def touch(session: AsyncSession, *, session_id: int, now: datetime) -> bool:
    """Note that the person is here, once a minute at most; False if that is noted already."""
    noted = await session.execute(
        update(OfficeSession)
        .where(OfficeSession.id == session_id, OfficeSession.seen_at <= now - SEEN_EVERY)
        .values(seen_at=now)
    )
    assert isinstance(noted, CursorResult)
    return noted.rowcount > 0


async def renew(
    session: AsyncSession,
    *,
    cookie: str,
    stage: Stage,
    proved: Iterable[Factor],
    confirmed_at: datetime | None = None,
    now: datetime,
) -> Opened | None:
    """Give a session a new secret after a further proof; None if the cookie is worth nothing.

    `confirmed_at` is the time of that proof, if it is not now.

    Of two proofs at once the second finds no session: the first has made a new secret.
    """
    secret = tokens.new()
    found = (
        await session.execute(
            select(OfficeSession.made_at).where(OfficeSession.secret_hash == tokens.digest(cookie))
        )
    ).scalar_one_or_none()
    if found is None:
        return None
    until = found + LONGEST if stage is Stage.WHOLE else now + HALF_WAY
    renewed = await session.execute(
        update(OfficeSession)
        .where(OfficeSession.secret_hash == tokens.digest(cookie), OfficeSession.until > now)
        .values(
            secret_hash=tokens.digest(secret),
            stage=stage,
            factors=factors.kept(proved),
            seen_at=now,
            until=until,
            confirmed_at=confirmed_at or now,
        )
        .execution_options(synchronize_session=False)
    )
    assert isinstance(renewed, CursorResult)
    return Opened(secret, until) if renewed.rowcount else None
