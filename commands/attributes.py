"""pli attribute: what is kept of people beside name and address, and of which type it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from accounts.abilities import Ability
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import (
    LANGUAGE,
    Context,
    _,
    as_json,
    confirm,
    console,
    declined,
    new_table,
    now,
    running,
    show_json,
    tell,
)
from pli.language import N_, Sentence, say, say_n, translations
from subscribers import attribute_types
from subscribers.attribute_types import Described, Trial
from subscribers.models import AttributeType

TYPES = {
    AttributeType.TEXT: N_("text"),
    AttributeType.NUMBER: N_("number"),
    AttributeType.DATE: N_("date"),
    AttributeType.BOOLEAN: N_("yes or no"),
}


@click.group(help=_("Attributes: what is kept of people beside name and address, and its type."))
def attribute() -> None:
    """Commands over attributes."""


@attribute.command("list", help=_("All attributes, their types, and how many people have them."))
@as_json
@running
async def list_attributes(context: Context, as_json: bool) -> None:
    """By name."""
    async with context.open() as installation, installation.database.reading() as session:
        found = await attribute_types.described(session)
    if as_json:
        show_json([_document(it) for it in found])
        return
    table = new_table(_("attribute"), _("type"), _("heading"), _("people"))
    for it in found:
        table.add_row(it.name, _told(it.type), it.label, str(it.people))
    console().print(table)


@attribute.command(help=_("One attribute: its most frequent values, and what they can be read as."))
@click.argument("name")
@as_json
@running
async def show(context: Context, name: str, as_json: bool) -> None:
    """The name, or the heading of the column."""
    async with context.open() as installation, installation.database.reading() as session:
        shown = await attribute_types.show(session, name)
    it = shown.described
    if as_json:
        document = {
            **_document(it),
            "readable_as": {type.value: n for type, n in shown.readable.items()},
            "frequent": [{"value": value, "people": n} for value, n in shown.frequent],
        }
        show_json(document)
        return
    tell(
        say_n(
            "{name} ({label}): {type}, {n} person has a value",
            "{name} ({label}): {type}, {n} people have a value",
            it.people,
            name=it.name,
            label=it.label,
            type=_told(it.type),
        )
    )
    for type, n in shown.readable.items():
        if type is not it.type and n:
            tell(
                say(
                    N_("  can be read as {type}: {n} of {total}"),
                    type=_told(type),
                    n=n,
                    total=it.people,
                )
            )
    for value, n in shown.frequent:
        tell(say_n("  {value}: {n} person", "  {value}: {n} people", n, value=value))


@attribute.command(help=_("Give an attribute another type; its values are read anew."))
@click.argument("name")
@click.option(
    "--type",
    "kind",
    required=True,
    type=click.Choice([it.value for it in AttributeType]),
    help=_("text, number, date or boolean (yes or no)."),
)
@click.option("--dry-run", is_flag=True, help=_("Say what would become of the values, and end."))
@by_option
@click.option("--yes", is_flag=True, help=_("Ask nothing."))
@as_json
@running
async def edit(
    context: Context,
    name: str,
    kind: str,
    dry_run: bool,
    person: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """What cannot be read stays as written; rules do not find it."""
    wanted = AttributeType(kind)
    async with context.open() as installation:
        async with installation.database.reading() as session:
            by = await acting(session, person, Ability.EDIT_PEOPLE, lists=ALL_LISTS)
            found = await attribute_types.trial(session, name=name, type=wanted)
        doubtful = found.unreadable or found.altered or found.segments
        if not as_json and (dry_run or doubtful):
            for sentence in _sentences(found):
                tell(sentence)
        if not dry_run:
            question = say(N_("Make {name} {type}?"), name=found.name, type=_told(wanted))
            if doubtful and not confirm(question, yes=yes):
                raise declined()
            async with installation.database.begin() as session:
                found = await attribute_types.retype(
                    session, name=name, type=wanted, by=by, now=now()
                )
    if as_json:
        show_json({**_trial_document(found), "done": not dry_run})
    elif not dry_run:
        tell(
            say(
                N_(
                    "{name} is {type} now: {readable} values are read, "
                    "{unreadable} stay as written."
                ),
                name=found.name,
                type=_told(found.after),
                readable=found.readable,
                unreadable=found.unreadable,
            )
        )


def _sentences(found: Trial) -> Iterator[Sentence]:
    yield say(
        N_("{name} as {type}: {readable} values can be read, {unreadable} cannot"),
        name=found.name,
        type=_told(found.after),
        readable=found.readable,
        unreadable=found.unreadable,
    )
    for it in found.examples:
        yield say(N_("  {address}: {reason}"), address=it.email, reason=it.reason)
    if found.unreadable > len(found.examples):
        yield say(N_("  and {n} more"), n=found.unreadable - len(found.examples))
    if found.altered:
        yield say_n(
            "{n} value loses signs as a number:", "{n} values lose signs as numbers:", found.altered
        )
    for before, after in found.altered_examples:
        yield say(N_("  {before} becomes {after}"), before=before, after=after)
    for name, problem in found.segments:
        yield say(
            N_("the segment {name} cannot be read then: {problem}"), name=name, problem=problem
        )


def _document(it: Described) -> dict[str, Any]:
    return {"name": it.name, "type": it.type, "label": it.label, "people": it.people}


def _trial_document(found: Trial) -> dict[str, Any]:
    return {
        "name": found.name,
        "before": found.before,
        "after": found.after,
        "readable": found.readable,
        "unreadable": found.unreadable,
        "examples": [
            {"email": it.email, "value": it.value, "reason": it.reason.tell(LANGUAGE)}
            for it in found.examples
        ],
        "altered": found.altered,
        "altered_examples": [
            {"written": before, "becomes": after} for before, after in found.altered_examples
        ],
        "segments": [
            {"name": name, "problem": problem.tell(LANGUAGE)} for name, problem in found.segments
        ],
    }


def _told(type: AttributeType) -> str:
    return translations(LANGUAGE).gettext(TYPES[type])
