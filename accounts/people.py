"""The people of the office: invites, changes and closes accounts. Passwords lie elsewhere."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import case, exists, literal, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import last_operator, links, names, passkeys, recovery, session_ends, trace
from accounts.models import Account, AccountState, Passkey
from pli.actor import Actor
from pli.audit import AuditAction
from pli.errors import PliError
from pli.hours import zone_of
from pli.language import LANGUAGES, N_, Sentence, say


class AccountError(PliError):
    """There is no such account, or none can be made so."""


class ParsedAddress(Protocol):
    """An address that was parsed at the entrance: as written, and folded for comparisons."""

    @property
    def email(self) -> str:
        """The address as written."""

    @property
    def folded(self) -> str:
        """The same text for all spellings of the address."""


async def invite(
    session: AsyncSession,
    *,
    address: ParsedAddress,
    name: str,
    language: str = "fr",
    zone: str = "Europe/Paris",
    by: Actor,
    now: datetime,
) -> Account:
    """Make an account, which is invited until its person comes by a link of `links.make`.

    Raises AccountError, which lists all faults, and for an address that has an account.
    """
    cleaned = _checked(name=name, language=language, zone=zone)
    if (there := await find(session, address)) is not None:
        raise _taken(there)
    row = Account(
        name=cleaned,
        address=address.email,
        address_folded=address.folded,
        language=language,
        zone=zone,
        state=AccountState.INVITED,
        handle=secrets.token_bytes(32),
        created_at=now,
        created_by=by.text,
    )
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        there = await find(session, address)
        assert there is not None
        raise _taken(there) from None
    trace.of_account(session, AuditAction.ACCOUNT_MADE, row.id, by=by, now=now)
    return row


async def find(session: AsyncSession, address: ParsedAddress) -> Account | None:
    """The account with that address, in any state, or None."""
    return await session.scalar(select(Account).where(Account.address_folded == address.folded))


async def get(session: AsyncSession, address: ParsedAddress) -> Account:
    """The account with that address, in any state; raises AccountError."""
    found = await find(session, address)
    if found is None:
        raise AccountError(
            N_("{address}: nobody of the office has that address"), address=address.email
        )
    return found


async def by_id(session: AsyncSession, account_id: int) -> Account:
    """The account with that number, in any state; raises AccountError."""
    found = await session.get(Account, account_id)
    if found is None:
        raise AccountError(N_("there is no account {number}"), number=account_id)
    return found


async def everybody(session: AsyncSession) -> Sequence[Account]:
    """All accounts by name, also those that are closed."""
    return (await session.scalars(select(Account).order_by(Account.name, Account.id))).all()


async def anybody(session: AsyncSession) -> bool:
    """Whether there is any account that is not closed."""
    return bool(await session.scalar(select(exists().where(Account.state != AccountState.CLOSED))))


async def change(
    session: AsyncSession,
    *,
    account_id: int,
    name: str | None = None,
    language: str | None = None,
    zone: str | None = None,
    by: Actor,
    now: datetime,
) -> Account:
    """Rename an account, or change its language or time zone, where a value is given.

    Raises AccountError.
    """
    row = await by_id(session, account_id)
    cleaned = _checked(
        name=row.name if name is None else name,
        language=row.language if language is None else language,
        zone=row.zone if zone is None else zone,
    )
    row.name, row.language, row.zone = cleaned, language or row.language, zone or row.zone
    await session.flush()
    trace.of_account(session, AuditAction.ACCOUNT_CHANGED, account_id, by=by, now=now)
    return row


async def activate(session: AsyncSession, *, account_id: int) -> None:
    """Take an invited account into use; any other stays as it is."""
    await session.execute(
        update(Account)
        .where(Account.id == account_id, Account.state == AccountState.INVITED)
        .values(state=AccountState.ACTIVE)
    )


async def close(session: AsyncSession, *, account_id: int, by: Actor, now: datetime) -> bool:
    """Close an account, end all its sessions and links; False if it is closed already.

    Its rights and factors stay for `reopen`. Raises AccountError, and LastOperatorError for the
    last that may manage accounts.
    """
    await last_operator.refuse_if_last(session, account_id=account_id)
    closed = await session.execute(
        update(Account)
        .where(Account.id == account_id, Account.state != AccountState.CLOSED)
        .values(state=AccountState.CLOSED)
    )
    assert isinstance(closed, CursorResult)
    if not closed.rowcount:
        await by_id(session, account_id)
        return False
    trace.of_account(session, AuditAction.ACCOUNT_CLOSED, account_id, by=by, now=now)
    await links.end_all(session, account_id=account_id)
    await session_ends.end_all(session, account_id=account_id, by=by, now=now)
    return True


async def reopen(session: AsyncSession, *, account_id: int, by: Actor, now: datetime) -> bool:
    """Let a closed account in again, with its rights and factors; False if it is not closed.

    Without a factor it is invited again: its person comes by a new link. Raises AccountError.
    """
    has_factor = or_(
        Account.password.is_not(None), exists().where(Passkey.account_id == Account.id)
    )
    opened = await session.execute(
        update(Account)
        .where(Account.id == account_id, Account.state == AccountState.CLOSED)
        .values(
            state=case(
                (has_factor, literal(AccountState.ACTIVE, Account.state.type)),
                else_=literal(AccountState.INVITED, Account.state.type),
            )
        )
    )
    assert isinstance(opened, CursorResult)
    if not opened.rowcount:
        await by_id(session, account_id)
        return False
    trace.of_account(session, AuditAction.ACCOUNT_REOPENED, account_id, by=by, now=now)
    return True


async def reset(session: AsyncSession, *, account_id: int, by: Actor, now: datetime) -> None:
    """Take password, app, codes and passkeys from an account, and end its sessions and links.

    For somebody who has lost all of them; a link of `links.make` then lets that person begin anew.
    Raises AccountError.
    """
    row = await by_id(session, account_id)
    row.password = row.totp = row.totp_pending = None
    await session.flush()
    await recovery.end_all(session, account_id=account_id)
    await passkeys.end_all(session, account_id=account_id)
    await links.end_all(session, account_id=account_id)
    trace.of_account(session, AuditAction.ACCOUNT_RESET, account_id, by=by, now=now)
    await session_ends.end_all(session, account_id=account_id, by=by, now=now)


def _checked(*, name: str, language: str, zone: str) -> str:
    """The name, cleaned; raises AccountError with every fault of the three."""
    faults: list[Sentence] = []
    cleaned = names.tidy(name)
    if not cleaned:
        faults.append(say(N_("an account needs the name of its person")))
    if language not in LANGUAGES:
        faults.append(
            say(N_('the language "{language}" is neither fr nor en'), language=language[:20])
        )
    try:
        zone_of(zone)
    except (PliError, ValueError):
        faults.append(
            say(N_("{zone}: no such time zone: write one such as Europe/Paris"), zone=zone[:64])
        )
    if faults:
        raise AccountError.listing(faults)
    return cleaned


def _taken(there: Account) -> AccountError:
    if there.state is AccountState.CLOSED:
        return AccountError(
            N_("{address}: a closed account has that address: reopen it"), address=there.address
        )
    return AccountError(
        N_("{address}: somebody of the office has that address"), address=there.address
    )
