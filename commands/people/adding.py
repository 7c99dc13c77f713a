"""pli subscriber add: adds one person to a list."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncSession

from commands.common import Context, _, now, running, tell
from commands.people.options import PeopleError, basis_option, list_option, source_option
from pli.language import N_, say
from subscribers import attributes, consent, lists, people
from subscribers.address import Address
from subscribers.models import Basis
from subscribers.values import read_value


@click.command(help=_("Add one person to a list."))
@click.argument("address")
@list_option
@basis_option
@source_option
@click.option("--first-name", default="", help=_("First name."))
@click.option("--last-name", default="", help=_("Last name."))
@click.option("--set", "pairs", multiple=True, help=_("An attribute: departement=44"))
@click.option("--again", is_flag=True, help=_("Also who left and asks to come back."))
@running
async def add(
    context: Context,
    address: str,
    name: str,
    basis: str,
    source: str,
    first_name: str,
    last_name: str,
    pairs: tuple[str, ...],
    again: bool,
) -> None:
    """Add one person to a list; a person who left comes back only with `--again`."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        joined = await lists.get(session, name)
        person = await people.find(session, parsed)
        if person is None:
            person = await people.add(
                session,
                address=parsed,
                keys=installation.keys,
                first_name=first_name,
                last_name=last_name,
                attributes=await _values(session, pairs),
                now=now(),
            )
        done = await consent.subscribe(
            session,
            subscriber_id=person.id,
            list_id=joined.id,
            basis=Basis(basis),
            source=source,
            confirmed=True,
            again=again,
            now=now(),
        )
        if not done:
            raise PeopleError(
                N_(
                    "{address} is on {list} already, or has left it (then --again brings back): "
                    'see "pli subscriber show {address}"'
                ),
                address=parsed.email,
                list=name,
            )
    tell(say(N_("{address} is on {list} now."), address=parsed.email, list=name))


async def _values(session: AsyncSession, pairs: tuple[str, ...]) -> dict[str, Any]:
    declared = await attributes.declared(session)
    values = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name not in declared:
            raise PeopleError(
                N_("--set {pair}: there is no such attribute: known are {names}"),
                pair=pair,
                names=", ".join(declared) or "–",
            )
        values[name] = read_value(text, declared[name])
    return values
