"""pli user list: who is of the office, and what each may do."""

from __future__ import annotations

from collections.abc import Mapping

import click

from accounts import people, rights
from accounts.abilities import Granted, OnLists, Right
from accounts.models import Account, AccountState
from commands.common import (
    LANGUAGE,
    Context,
    _,
    as_json,
    console,
    new_table,
    running,
    show_json,
    tell,
)
from commands.users.inviting import nobody_yet
from pli.language import N_, translations
from subscribers import lists

STATES = {
    AccountState.INVITED: N_("invited"),
    AccountState.ACTIVE: N_("in use"),
    AccountState.CLOSED: N_("closed"),
}


@click.command("list", help=_("Everybody of the office, and what each may do."))
@as_json
@running
async def list_(context: Context, as_json: bool) -> None:
    """Show all accounts, also those that are closed."""
    async with context.open() as installation, installation.database.reading() as session:
        found = await people.everybody(session)
        granted = await rights.of_everybody(session)
        names = {it.id: it.name for it in await lists.everything(session)}
    nothing = Granted({})
    if as_json:
        show_json([_document(it, granted.get(it.id, nothing), names) for it in found])
        return
    if not found:
        tell(nobody_yet())
        return
    table = new_table("#", _("name"), _("address"), _("state"), _("rights"))
    for it in found:
        state = translations(LANGUAGE).gettext(STATES[it.state])
        may = "; ".join(told(granted.get(it.id, nothing), names))
        table.add_row(str(it.id), it.name, it.address, state, may)
    console().print(table)


def told(granted: Granted, names: Mapping[int, str]) -> list[str]:
    """Each right in words, with its lists."""
    return [
        f"{right.value} ({', '.join(_named(granted.rights[right], names))})"
        for right in Right
        if right in granted.rights
    ]


def _named(on: OnLists, names: Mapping[int, str]) -> list[str]:
    if on.every:
        return [_("all lists")]
    return sorted(names.get(it, str(it)) for it in on.ids)


def _document(it: Account, granted: Granted, names: Mapping[int, str]) -> dict[str, object]:
    return {
        "id": it.id,
        "address": it.address,
        "name": it.name,
        "language": it.language,
        "zone": it.zone,
        "state": it.state,
        "rights": {
            right.value: "all" if on.every else _named(on, names)
            for right, on in granted.rights.items()
        },
        "created_at": it.created_at,
        "created_by": it.created_by,
    }
