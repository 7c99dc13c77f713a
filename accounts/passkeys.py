"""Passkeys (WebAuthn): made, used and taken away. A passkey is both factors.

A challenge is asked for by a browser, which keeps the secret `binding` in a cookie. The challenge
is taken away by its first answer, right or wrong, and after five minutes.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import challenges, names, trace, webauthn_answers
from accounts.models import Account, AccountState, Passkey, Purpose
from accounts.webauthn_answers import Site
from pli.actor import Actor
from pli.audit import AuditAction
from pli.errors import PliError
from pli.language import N_
from pli.upsert import insert_into

MOST = 20
LONGEST_NAME = 100

__all__ = ["PasskeyError", "PasskeyRefusal", "Proved", "Seen", "Site"]


class PasskeyError(PliError):
    """The passkey cannot be added or renamed."""


class PasskeyRefusal(enum.Enum):
    """Why an answer of a passkey is refused: it proves nothing, or there are two of the key."""

    INVALID = "invalid"
    CLONED = "cloned"


@dataclass(frozen=True, slots=True)
class Proved:
    """An account whose passkey answered."""

    account_id: int
    name: str
    passkey_id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that was refused; `account_id` is to be told if its passkey was cloned."""

    reason: PasskeyRefusal
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A passkey as its person sees it in a list."""

    id: int
    name: str
    made_at: datetime
    used_at: datetime | None


async def ask_to_register(
    session: AsyncSession, *, account_id: int, site: Site, binding: str, now: datetime
) -> str:
    """What `navigator.credentials.create` needs, as JSON: discoverable, the person verified.

    Raises PasskeyError if the account has too many.
    """
    account = await session.get_one(Account, account_id)
    there = (
        await session.execute(
            select(Passkey.credential_id, Passkey.transports).where(
                Passkey.account_id == account_id
            )
        )
    ).all()
    if len(there) >= MOST:
        raise PasskeyError(N_("an account has {n} passkeys at most: remove one"), n=MOST)
    challenge = await challenges.make(
        session, purpose=Purpose.REGISTER, account_id=account_id, binding=binding, now=now
    )
    return webauthn_answers.creation_options(
        site,
        challenge=challenge,
        handle=account.handle,
        address=account.address,
        name=account.name,
        known=[(it.credential_id, it.transports) for it in there],
    )


async def register(
    session: AsyncSession,
    *,
    account_id: int,
    site: Site,
    answer: str,
    binding: str,
    name: str,
    by: Actor,
    now: datetime,
) -> Seen:
    """Add the passkey that answered `ask_to_register`, as JSON; raises PasskeyError."""
    challenge = await _taken(session, Purpose.REGISTER, account_id, answer, binding, now)
    made = webauthn_answers.created(site, answer, challenge) if challenge is not None else None
    if made is None:
        raise PasskeyError(N_("the passkey could not be checked: try once more"))
    row = {
        "account_id": account_id,
        "credential_id": made.credential_id,
        "public_key": made.public_key,
        "sign_count": made.sign_count,
        "name": names.tidy(name, LONGEST_NAME) or "Passkey",
        "transports": list(made.transports),
        "made_at": now,
    }
    added = await session.execute(
        insert_into(session, Passkey)
        .values(row)
        .on_conflict_do_nothing(index_elements=["credential_id"])
        .returning(Passkey.id)
    )
    passkey_id = added.scalar_one_or_none()
    if passkey_id is None:
        raise PasskeyError(N_("this passkey is registered already"))
    trace.of_account(session, AuditAction.PASSKEY_ADDED, account_id, by=by, now=now)
    return Seen(passkey_id, str(row["name"]), now, None)


async def ask(
    session: AsyncSession,
    *,
    site: Site,
    binding: str,
    account_id: int | None = None,
    now: datetime,
) -> str:
    """What `navigator.credentials.get` needs, as JSON.

    Without an account, any passkey of the site may answer, for a sign-in. With one, only its own
    may, for a further proof.
    """
    known: list[tuple[bytes, Sequence[str]]] = []
    if account_id is not None:
        rows = await session.execute(
            select(Passkey.credential_id, Passkey.transports).where(
                Passkey.account_id == account_id
            )
        )
        known = [(it.credential_id, it.transports) for it in rows]
    challenge = await challenges.make(
        session, purpose=_purpose(account_id), account_id=account_id, binding=binding, now=now
    )
    return webauthn_answers.request_options(site, challenge=challenge, known=known)


async def prove(
    session: AsyncSession,
    *,
    site: Site,
    answer: str,
    binding: str,
    account_id: int | None = None,
    now: datetime,
) -> Proved | Refused:
    """Judge the answer to `ask`, made for the same account or for none.

    A refusal is a value, so that the challenge stays used and the audit keeps what it says.
    """
    challenge = await _taken(session, _purpose(account_id), account_id, answer, binding, now)
    credential_id = webauthn_answers.credential_of(answer)
    if challenge is None or credential_id is None:
        return Refused(PasskeyRefusal.INVALID)
    row = (
        await session.execute(
            select(Passkey, Account)
            .join(Account, Account.id == Passkey.account_id)
            .where(Passkey.credential_id == credential_id, Account.state == AccountState.ACTIVE)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None or account_id not in (None, row[1].id):
        return Refused(PasskeyRefusal.INVALID)
    passkey, account = row
    count = webauthn_answers.proved(
        site, answer, challenge, public_key=passkey.public_key, handle=account.handle
    )
    if count is None:
        return Refused(PasskeyRefusal.INVALID)
    if not await _count_up(session, passkey.id, count, now):
        trace.of_account(
            session,
            AuditAction.PASSKEY_REFUSED,
            account.id,
            by=Actor.nobody(),
            why=f"passkey {passkey.id}",
            now=now,
        )
        return Refused(PasskeyRefusal.CLONED, account.id)
    return Proved(account.id, account.name, passkey.id)


async def listed(session: AsyncSession, *, account_id: int) -> Sequence[Seen]:
    """The passkeys of an account, the oldest first."""
    rows = await session.scalars(
        select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.id)
    )
    return [Seen(it.id, it.name, it.made_at, it.used_at) for it in rows]


async def rename(session: AsyncSession, *, account_id: int, passkey_id: int, name: str) -> bool:
    """Give a passkey another name; False if that account has no such passkey.

    Raises PasskeyError for a name of which nothing is seen.
    """
    cleaned = names.tidy(name, LONGEST_NAME)
    if not cleaned:
        raise PasskeyError(N_("a passkey needs a name"))
    renamed = await session.execute(
        update(Passkey)
        .where(Passkey.id == passkey_id, Passkey.account_id == account_id)
        .values(name=cleaned)
    )
    assert isinstance(renamed, CursorResult)
    return renamed.rowcount > 0


async def remove(
    session: AsyncSession, *, account_id: int, passkey_id: int, by: Actor, now: datetime
) -> bool:
    """Take a passkey away; False if that account has no such passkey."""
    gone = await session.execute(
        delete(Passkey).where(Passkey.id == passkey_id, Passkey.account_id == account_id)
    )
    assert isinstance(gone, CursorResult)
    if gone.rowcount:
        trace.of_account(session, AuditAction.PASSKEY_REMOVED, account_id, by=by, now=now)
    return gone.rowcount > 0


async def end_all(session: AsyncSession, *, account_id: int) -> None:
    """Take all passkeys of an account away; the caller records why."""
    await session.execute(delete(Passkey).where(Passkey.account_id == account_id))


async def _taken(
    session: AsyncSession,
    purpose: Purpose,
    account_id: int | None,
    answer: str,
    binding: str,
    now: datetime,
) -> bytes | None:
    """The challenge that an answer names, if it was ours, and this browser's; it is used then."""
    challenge = webauthn_answers.challenge_of(answer)
    if challenge is None:
        return None
    taken = await challenges.take(
        session,
        challenge=challenge,
        purpose=purpose,
        account_id=account_id,
        binding=binding,
        now=now,
    )
    return challenge if taken else None


async def _count_up(session: AsyncSession, passkey_id: int, count: int, now: datetime) -> bool:
    """Note a use; False if the passkey's own count has not grown, so that there are two of it.

    Passkeys that are copied between devices always count 0 (WebAuthn 3, 6.1.1).
    """
    grows = Passkey.sign_count < count if count else Passkey.sign_count == 0
    counted = await session.execute(
        update(Passkey)
        .where(Passkey.id == passkey_id, grows)
        .values(sign_count=count, used_at=now)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(counted, CursorResult)
    return counted.rowcount > 0


def _purpose(account_id: int | None) -> Purpose:
    return Purpose.SIGN_IN if account_id is None else Purpose.CONFIRM
