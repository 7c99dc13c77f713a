"""Grants and revokes rights. No other module writes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, insert, literal, select
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import last_operator, trace
from accounts.abilities import MAY, ONLY_ON_ALL, Ability, Granted, OnLists, Right
from accounts.models import Account, AccountRight, AccountState
from pli.actor import Actor
from pli.audit import AuditAction
from pli.errors import PliError
from pli.language import N_

__all__ = [
    "Ability",
    "Granted",
    "OnLists",
    "Right",
    "RightError",
    "grant",
    "granted",
    "of_everybody",
    "revoke",
    "revoke_on",
    "revoke_wholly",
    "who_may",
]


class RightError(PliError):
    """This right cannot be given so."""


async def granted(session: AsyncSession, *, account_id: int) -> Granted:
    """What an account may do, whether or not it is closed."""
    rows = await session.execute(
        select(AccountRight.right, AccountRight.list_id).where(
            AccountRight.account_id == account_id
        )
    )
    return Granted.of((it.right, it.list_id) for it in rows)


async def grant(
    session: AsyncSession,
    *,
    account_id: int,
    right: Right,
    list_id: int | None,
    by: Actor,
    now: datetime,
) -> bool:
    """Give an account a right on one list, or on all (None); False if it has exactly that already.

    Raises RightError for an account or a list that does not exist, for a right that is of all lists
    only, and for somebody who gives rights to the own account.
    """
    _check_others(account_id, by)
    if right in ONLY_ON_ALL and list_id is not None:
        raise RightError(
            N_('the right "{right}" is for all lists: give it without naming one'),
            right=right.value,
        )
    same = exists().where(_exactly(account_id, right, list_id))
    values = {
        AccountRight.account_id: Account.id,
        AccountRight.right: literal(right, AccountRight.right.type),
        AccountRight.list_id: literal(list_id, AccountRight.list_id.type),
        AccountRight.granted_at: literal(now, AccountRight.granted_at.type),
        AccountRight.granted_by: literal(by.text),
    }
    row = select(*values.values()).where(Account.id == account_id, ~same)
    try:
        async with session.begin_nested():
            added = await session.execute(
                insert(AccountRight).from_select(list(values), row, include_defaults=False)
            )
    except IntegrityError:
        # Another transaction gave the same at this moment, or the list is not there.
        if await session.scalar(select(same)):
            return False
        raise RightError(N_("there is no such list")) from None
    assert isinstance(added, CursorResult)
    if not added.rowcount:
        if await session.get(Account, account_id) is None:
            raise RightError(N_("there is no such account"))
        return False
    trace.of_account(
        session,
        AuditAction.RIGHT_GRANTED,
        account_id,
        by=by,
        list_id=list_id,
        why=right.value,
        now=now,
    )
    return True


async def revoke(
    session: AsyncSession,
    *,
    account_id: int,
    right: Right,
    list_id: int | None,
    by: Actor,
    now: datetime,
) -> bool:
    """Take from an account a right on one list, or the one on all; False if it has not that.

    A right on all lists stays if a right on one list is taken, and the reverse. Raises RightError
    for somebody who takes rights from the own account, and LastOperatorError for the last who may
    manage accounts.
    """
    _check_others(account_id, by)
    if Ability.ACCOUNTS in MAY[right]:
        await last_operator.refuse_if_last(session, account_id=account_id)
    taken = await session.execute(delete(AccountRight).where(_exactly(account_id, right, list_id)))
    assert isinstance(taken, CursorResult)
    if taken.rowcount:
        trace.of_account(
            session,
            AuditAction.RIGHT_REVOKED,
            account_id,
            by=by,
            list_id=list_id,
            why=right.value,
            now=now,
        )
    return taken.rowcount > 0


async def revoke_on(
    session: AsyncSession,
    *,
    account_id: int,
    right: Right,
    list_ids: Sequence[int],
    by: Actor,
    now: datetime,
) -> bool:
    """Take from an account a right on these lists; False if it has the right on none of them.

    Raises as `revoke` does, and RightError if the account has the right on all lists: which of them
    are to stay is not said.
    """
    on = (await granted(session, account_id=account_id)).rights.get(right, OnLists())
    if on.every:
        raise RightError(
            N_(
                'the right "{right}" is held on all lists: take it from all, '
                "then give it on those that stay"
            ),
            right=right.value,
        )
    taken = False
    for list_id in list_ids:
        taken |= await revoke(
            session, account_id=account_id, right=right, list_id=list_id, by=by, now=now
        )
    return taken


async def revoke_wholly(
    session: AsyncSession, *, account_id: int, right: Right, by: Actor, now: datetime
) -> bool:
    """Take a right from an account, on all lists and on each; False if it has not that right.

    Raises as `revoke` does.
    """
    had = (await granted(session, account_id=account_id)).rights.get(right, OnLists())
    on: list[int | None] = [*sorted(had.ids), *([None] if had.every else [])]
    for list_id in on:
        await revoke(session, account_id=account_id, right=right, list_id=list_id, by=by, now=now)
    return bool(on)


async def of_everybody(session: AsyncSession) -> Mapping[int, Granted]:
    """What each account that has a right may do, by its number."""
    rows = await session.execute(
        select(AccountRight.account_id, AccountRight.right, AccountRight.list_id)
    )
    found: dict[int, list[tuple[Right, int | None]]] = {}
    for account_id, right, list_id in rows:
        found.setdefault(account_id, []).append((right, list_id))
    return {account_id: Granted.of(pairs) for account_id, pairs in found.items()}


async def who_may(
    session: AsyncSession, ability: Ability, list_ids: Collection[int]
) -> Sequence[Account]:
    """The accounts in use that may do this to what belongs to all of these lists, by name."""
    able = [it for it, what in (await of_everybody(session)).items() if what.may(ability, list_ids)]
    rows = await session.scalars(
        select(Account)
        .where(Account.id.in_(able), Account.state == AccountState.ACTIVE)
        .order_by(Account.name, Account.id)
    )
    return rows.all()


def _check_others(account_id: int, by: Actor) -> None:
    # An operator sees no person. To change that takes another account, which stands in the audit.
    if by.account_id == account_id and not by.said_by:
        raise RightError(
            N_("you cannot change the rights of your own account: ask another operator")
        )


def _exactly(account_id: int, right: Right, list_id: int | None) -> ColumnElement[bool]:
    lists = AccountRight.list_id
    return (
        (AccountRight.account_id == account_id)
        & (AccountRight.right == right)
        & (lists.is_(None) if list_id is None else lists == list_id)
    )
