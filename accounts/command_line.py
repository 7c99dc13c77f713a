"""Who acts on the command line: the operating system's user, or the account that is named there."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import people, rights
from accounts.abilities import MAY, Ability, Right
from accounts.models import AccountState
from accounts.people import AccountError, ParsedAddress
from pli.actor import Actor
from pli.language import N_


async def actor(
    session: AsyncSession,
    *,
    user: str,
    named: ParsedAddress | None,
    may: Collection[Ability],
    lists: Collection[int],
    must_name: bool = False,
) -> Actor:
    """The actor of a command that `user` runs; `named` is the address of an account that was said.

    Who has the shell has the database, so the account need not prove anything: its actor keeps that
    `user` said it. But the account must hold one of the abilities `may`, on all of these lists; on
    every list, if there are none. `must_name`: where there are accounts, one has to be named.
    Raises AccountError.
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
    granted = await rights.granted(session, account_id=account.id)
    if not any(granted.may(it, lists) for it in may):
        raise _not_allowed(account.name, may, lists)
    return Actor.account(account.id, account.name, said_by=user)


def _not_allowed(name: str, may: Collection[Ability], lists: Collection[int]) -> AccountError:
    wanted = [f'"{right.value}"' for right in Right if not MAY[right].isdisjoint(may)]
    told = (
        N_("{name} may not do that: it takes the right {rights} on each list that is concerned")
        if lists
        else N_("{name} may not do that: it takes the right {rights} on all lists")
    )
    return AccountError(told, name=name, rights=" / ".join(wanted))
