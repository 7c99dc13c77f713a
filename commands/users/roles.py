"""pli user role: gives rights, and takes them."""

from __future__ import annotations

from collections.abc import Sequence

import click

from accounts import people, rights
from accounts.abilities import Ability, Right
from accounts.people import AccountError
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import (
    Context,
    _,
    now,
    running,
    tell,
)
from commands.users.options import ROLES, ids, of_whom, on_lists
from commands.users.showing import told
from pli.language import N_, say
from subscribers import lists
from subscribers.address import Address


@click.command(help=_("Give rights to somebody of the office, or take them."))
@of_whom
@click.option("--add", "added", multiple=True, type=ROLES, help=_("A right to give; several."))
@click.option("--remove", "removed", multiple=True, type=ROLES, help=_("A right to take; several."))
@on_lists
@by_option
@running
async def role(
    context: Context,
    address: str,
    added: Sequence[str],
    removed: Sequence[str],
    names: Sequence[str],
    person: str | None,
) -> None:
    """Without a list, a right is given on all of them, and taken wherever it is held."""
    if not (added or removed):
        raise click.UsageError(_("say which: --add, --remove, or both"))
    if set(added) & set(removed):
        raise click.UsageError(_("a right is either given or taken"))
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        by = await acting(session, person, Ability.ACCOUNTS, lists=ALL_LISTS)
        account = await people.get(session, parsed)
        on = await ids(session, names)
        changed = False
        for right in dict.fromkeys(removed):
            if names:
                changed |= await rights.revoke_on(
                    session,
                    account_id=account.id,
                    right=Right(right),
                    list_ids=[it for it in on if it is not None],
                    by=by,
                    now=now(),
                )
            else:
                changed |= await rights.revoke_wholly(
                    session, account_id=account.id, right=Right(right), by=by, now=now()
                )
        for right in dict.fromkeys(added):
            for list_id in on:
                changed |= await rights.grant(
                    session,
                    account_id=account.id,
                    right=Right(right),
                    list_id=list_id,
                    by=by,
                    now=now(),
                )
        granted = await rights.granted(session, account_id=account.id)
        known = {it.id: it.name for it in await lists.everything(session)}
    if not changed:
        raise AccountError(
            N_("{name}: that changes nothing: {rights}"),
            name=account.name,
            rights="; ".join(told(granted, known)) or _("no right"),
        )
    tell(
        say(
            N_("{name} has these rights now: {rights}"),
            name=account.name,
            rights="; ".join(told(granted, known)) or _("no right"),
        )
    )
