"""Who acts on the command line: the operating system's user, or the account that is named there."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import people
from accounts.models import AccountState
from accounts.people import AccountError, ParsedAddress
from pli.actor import Actor
from pli.language import N_


async def actor(
    session: AsyncSession, *, user: str, named: ParsedAddress | None, must_name: bool = False
) -> Actor:
    """The actor of a command that `user` runs; `named` is the address of an account that was said.

    Who has the shell has the database, so the account need not prove anything: its actor keeps that
    `user` said it. `must_name`: where there are accounts, one has to be named. Raises AccountError.
    """
    if named is None:
        if must_name and await people.anybody(session):
            raise AccountError(
                N_("say who decides: --by ADDRESS, of somebody of the office (pli user list)")
            )
        return Actor.system(user)
    if not await people.anybody(session):
        raise AccountError(
            N_(
                "{address}: nobody of the office has an account yet: leave --by out, or make one: "
                '"pli user add"'
            ),
            address=named.email,
        )
    account = await people.get(session, named)
    if account.state is AccountState.CLOSED:
        raise AccountError(N_("{address}: that account is closed"), address=account.address)
    return Actor.account(account.id, account.name, said_by=user)
