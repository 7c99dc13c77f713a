"""pli user add, and the first account of an office."""

from __future__ import annotations

from collections.abc import Sequence

import click

from accounts import last_operator, people, rights
from accounts.abilities import Ability, Right
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import (
    Context,
    Installation,
    _,
    as_json,
    now,
    running,
    show_json,
    tell,
)
from commands.users.links import as_document, link, require_an_address, show_link
from commands.users.options import ROLES, ids, of_whom, on_lists
from pli.language import N_, Sentence, say
from subscribers.address import Address


@click.command(help=_("Let somebody into the office; prints a link that works once, for a day."))
@of_whom
@click.option("--name", required=True, help=_("The name of the person."))
@click.option(
    "--role", "roles", multiple=True, required=True, type=ROLES, help=_("A right; several.")
)
@on_lists
@click.option(
    "--language", type=click.Choice(["fr", "en"]), help=_("As the settings, if not said.")
)
@by_option
@as_json
@running
async def add(
    context: Context,
    address: str,
    name: str,
    roles: Sequence[str],
    names: Sequence[str],
    language: str | None,
    person: str | None,
    as_json: bool,
) -> None:
    """Make an account with its rights, and a link; all of it or nothing."""
    parsed = Address.parse(address)
    async with context.open() as installation:
        require_an_address(installation)
        async with installation.database.begin() as session:
            by = await acting(session, person, Ability.ACCOUNTS, lists=ALL_LISTS)
            account = await people.invite(
                session,
                address=parsed,
                name=name,
                language=language or installation.settings.language,
                zone=installation.settings.timezone,
                by=by,
                now=now(),
            )
            for list_id in await ids(session, names):
                for right in dict.fromkeys(roles):
                    await rights.grant(
                        session,
                        account_id=account.id,
                        right=Right(right),
                        list_id=list_id,
                        by=by,
                        now=now(),
                    )
            made = await link(session, account, by)
            managed = await last_operator.anybody_manages(session)
    if as_json:
        show_json(as_document(installation, account, made))
        return
    tell(say(N_("{name} ({address}) is invited."), name=account.name, address=account.address))
    show_link(installation, made)
    if not managed:
        tell(
            say(N_('Nobody may manage the accounts yet: give somebody the role "operator".')),
            stderr=True,
        )


def nobody_yet() -> Sentence:
    """How the first account is made."""
    return say(
        N_(
            "Nobody may come into the office yet: "
            '"pli user add ADDRESS --name NAME --role operator" prints a link for the first.'
        )
    )


async def invite_first(installation: Installation, *, address: Address, name: str) -> None:
    """Make the first account, of who manages the others, and show its link."""
    async with installation.database.begin() as session:
        by = await acting(session, None, Ability.ACCOUNTS, lists=ALL_LISTS)
        account = await people.invite(
            session,
            address=address,
            name=name,
            language=installation.settings.language,
            zone=installation.settings.timezone,
            by=by,
            now=now(),
        )
        await rights.grant(
            session, account_id=account.id, right=Right.OPERATOR, list_id=None, by=by, now=now()
        )
        made = await link(session, account, by)
    tell(say(N_("{name} ({address}) is invited."), name=account.name, address=account.address))
    show_link(installation, made)
