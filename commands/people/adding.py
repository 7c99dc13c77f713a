"""pli subscriber add and edit: one person put on a list, or changed."""

from __future__ import annotations

from collections.abc import Sequence

import click

from accounts.abilities import Ability
from commands.acting import acting, by_option
from commands.common import LANGUAGE, Context, _, now, running, tell
from commands.people.options import (
    PeopleError,
    basis_option,
    first_name_option,
    last_name_option,
    list_option,
    set_option,
    source_option,
)
from pli.language import N_, Sentence, say, translations
from subscribers import adding, doubtful, lists, optout, people
from subscribers.adding import Added
from subscribers.address import Address
from subscribers.attributes import read_pairs
from subscribers.models import Basis, SuppressionReason
from subscribers.state_words import BARRED

FIELDS = {
    "first_name": N_("first name"),
    "last_name": N_("last name"),
    "language": N_("language"),
}


@click.command(help=_("Add one person to a list."))
@click.argument("address")
@list_option
@basis_option
@source_option
@first_name_option
@last_name_option
@set_option
@click.option("--again", is_flag=True, help=_("Also who left and asks to come back."))
@by_option
@running
async def add(
    context: Context,
    address: str,
    name: str,
    basis: str,
    source: str,
    first_name: str | None,
    last_name: str | None,
    pairs: tuple[str, ...],
    again: bool,
    person: str | None,
) -> None:
    """Somebody who left comes back by `--again` alone; what is given of a known person changes."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        values, without = await read_pairs(session, pairs)
        if without:
            raise PeopleError(
                N_('--set {name}= has no value: "pli subscriber edit" takes a value away'),
                name=without[0],
            )
        joined = await lists.get(session, name)
        by = await acting(session, person, Ability.ADD_PEOPLE, lists=[joined.id])
        done = await adding.put_on_list(
            session,
            address=parsed,
            joined=joined,
            basis=Basis(basis),
            source=source,
            keys=installation.keys,
            first_name=first_name,
            last_name=last_name,
            attributes=values,
            again=again,
            by=by,
            now=now(),
        )
    _show(done, parsed, name)


def _show(done: Added, address: Address, name: str) -> None:
    joined = N_("{address} is on {list} now.") if done.joined else N_("{address} was on {list}.")
    tell(say(joined, address=address.email, list=name))
    if done.changed:
        tell(_changed(address.email, done.changed))
    _warn(address, done.doubt, done.suppressed)


@click.command(help=_("Change what is known of one person; what is not said stays."))
@click.argument("address")
@first_name_option
@last_name_option
@click.option("--language", type=click.Choice(["fr", "en"]))
@set_option
@click.option("--address", "new_address", help=_("The person's new address."))
@by_option
@running
async def edit(
    context: Context,
    address: str,
    first_name: str | None,
    last_name: str | None,
    language: str | None,
    pairs: tuple[str, ...],
    new_address: str | None,
    person: str | None,
) -> None:
    """`--set departement=` takes the value away; lists are left and joined by other commands."""
    given = (first_name, last_name, language, new_address)
    if all(it is None for it in given) and not pairs:
        raise PeopleError(
            N_("nothing to change: say --first-name, --last-name, --language, --set or --address")
        )
    parsed = Address.parse(address)
    to = parsed if new_address is None else Address.parse(new_address)
    async with context.open() as installation, installation.database.begin() as session:
        row = await people.get(session, parsed)
        of = await people.lists_of(session, row)
        by = await acting(session, person, Ability.EDIT_PEOPLE, lists=of)
        values, without = await read_pairs(session, pairs)
        changed = await people.edit(
            session,
            row,
            first_name=first_name,
            last_name=last_name,
            language=language,
            attributes=values,
            without=without,
            by=by,
            now=now(),
        )
        before = row.email
        if new_address is not None:
            await people.move(session, row, to=to, keys=installation.keys, by=by, now=now())
        barred = await optout.suppressed(session, address_key=row.address_key)
    if row.email != before:
        tell(say(N_("{address} has the address {new} now."), address=before, new=row.email))
    elif not changed:
        tell(say(N_("{address}: nothing to change, all of that is so."), address=row.email))
    if changed:
        tell(_changed(row.email, changed))
    _warn(to, None if new_address is None else doubtful.doubt(to), barred)


def _changed(address: str, changed: Sequence[str]) -> Sentence:
    gettext = translations(LANGUAGE).gettext
    fields = [gettext(FIELDS[it]) if it in FIELDS else it for it in changed]
    return say(N_("{address}: changed: {fields}"), address=address, fields=", ".join(fields))


def _warn(address: Address, doubt: Sentence | None, barred: SuppressionReason | None) -> None:
    if doubt:
        tell(say(N_("{address}: {reason}"), address=address.email, reason=doubt), stderr=True)
    if barred:
        told = say(
            N_('{address}: nothing will be sent ({reason}); "pli subscriber lift" ends that'),
            address=address.email,
            reason=say(BARRED[barred]),
        )
        tell(told, stderr=True)
