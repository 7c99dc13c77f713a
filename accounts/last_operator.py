"""Keeps an office from losing the last person who may manage its accounts."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.abilities import MAY, Ability
from accounts.models import Account, AccountRight, AccountState
from pli.errors import PliError
from pli.language import N_

_MANAGING = [right for right, may in MAY.items() if Ability.ACCOUNTS in may]


class LastOperatorError(PliError):
    """Nobody would be left who may manage accounts."""


async def anybody_manages(session: AsyncSession) -> bool:
    """Whether there is anybody, also invited, who may manage accounts."""
    return bool(await _managers(session))


async def refuse_if_last(session: AsyncSession, *, account_id: int) -> None:
    """Refuse to close this account, or to take its right, if it is the last that manages accounts.

    An invited account does not replace one that is in use: its person may never come.
    """
    # In one order, and before anything is changed: of two operators who close each other at one
    # moment, the second waits here, and sees then what the first has done.
    await session.execute(select(Account.id).order_by(Account.id).with_for_update())
    managers = await _managers(session)
    state = managers.pop(account_id, None)
    if state is None:
        return
    if AccountState.ACTIVE in managers.values() or (managers and state is AccountState.INVITED):
        return
    raise LastOperatorError(
        N_(
            "nobody would be left who may manage accounts: "
            'first let somebody else come in who has the right "operator"'
        )
    )


async def _managers(session: AsyncSession) -> dict[int, AccountState]:
    """The accounts that may manage accounts and are not closed, each with its state."""
    holds = exists().where(AccountRight.account_id == Account.id, AccountRight.right.in_(_MANAGING))
    rows = await session.execute(
        select(Account.id, Account.state).where(Account.state != AccountState.CLOSED, holds)
    )
    return {row.id: row.state for row in rows}
