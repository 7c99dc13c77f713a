"""pli list: makes, changes and shows the lists that people can join or leave."""

from __future__ import annotations

import click

from accounts.abilities import Ability
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import (
    LANGUAGE,
    Context,
    _,
    as_json,
    console,
    new_table,
    now,
    running,
    show_json,
    tell,
)
from pli.language import N_, say, translations
from pli.relay_names import ALL_RELAYS
from subscribers import lists
from subscribers.lists import CountedList, ListError
from subscribers.models import SubscriptionState
from subscribers.state_words import STATES


@click.group("list", help=_("Lists: subjects one can join or leave."))
def list_() -> None:
    """The group of the list commands."""


@list_.command(help=_("A new list; its name stands in web addresses for ever."))
@click.argument("name")
@click.option("--title", default="", help=_("How people read it."))
@click.option("--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True)
@by_option
@running
async def new(context: Context, name: str, title: str, language: str, person: str | None) -> None:
    """Make a list without members."""
    async with context.open() as installation, installation.database.begin() as session:
        await lists.create(
            session,
            name=name,
            title=title,
            language=language,
            by=await acting(session, person, Ability.EDIT_PEOPLE, lists=ALL_LISTS),
            now=now(),
        )
    tell(say(N_("The list {name} is there."), name=name))


@list_.command(help=_("Change a list: how people read it, and which relays its letters go by."))
@click.argument("name")
@click.option("--title", help=_("How people read it."))
@click.option("--language", type=click.Choice(["fr", "en"]))
@click.option(
    "--relay",
    "relays",
    multiple=True,
    metavar="NAME|all",
    help=_("The relay its letters go by; several, in order. “all”: those of the settings."),
)
@by_option
@running
async def edit(
    context: Context,
    name: str,
    title: str | None,
    language: str | None,
    relays: tuple[str, ...],
    person: str | None,
) -> None:
    """Change what the options name; a list's name never changes."""
    if title is None and language is None and not relays:
        raise ListError(N_("nothing to change: say --title, --language or --relay"))
    # Imported here: it loads all that speaks with a relay, and showing lists needs none of that.
    from commands import relays as of_settings

    wanted = None if not relays else [] if relays == (ALL_RELAYS,) else relays
    async with context.open() as installation:
        if strangers := of_settings.unknown(installation.settings, wanted or ()):
            raise ListError(
                N_("there is no relay {unknown} in the settings: there is {known}"),
                unknown=", ".join(strangers),
                known=", ".join(of_settings.of(installation.settings)),
            )
        async with installation.database.begin() as session:
            meant = [(await lists.get(session, name)).id]
            # A list's name for people is its keeper's, its way out the operator's.
            of_people = title is not None or language is not None
            for may in [Ability.EDIT_PEOPLE] * of_people + [Ability.RELAYS] * (wanted is not None):
                by = await acting(session, person, may, lists=meant)
            row = await lists.edit(
                session,
                name=name,
                title=title,
                language=language,
                relays=wanted,
                by=by,
                now=now(),
            )
    ways = ", ".join(row.relays) if row.relays else say(N_("all relays, in the settings' order"))
    tell(
        say(
            N_("The list {name}, “{title}”, goes by: {relays}."),
            name=name,
            title=row.title,
            relays=ways,
        )
    )


@list_.command("show", help=_("All lists and how many are on each."))
@as_json
@running
async def show_lists(context: Context, as_json: bool) -> None:
    """Show every list, with its subscriptions counted by state."""
    async with context.open() as installation, installation.database.reading() as session:
        found = await lists.counted(session)
    if as_json:
        show_json([_document(it) for it in found])
        return
    heads = [translations(LANGUAGE).gettext(STATES[it]) for it in SubscriptionState]
    table = new_table(_("list"), _("title"), *heads, _("never written to"), _("relays"))
    for it in found:
        numbers = [str(n) for n in it.numbers.values()]
        numbers.append(str(it.suppressed))
        table.add_row(it.name, it.title, *numbers, ", ".join(it.relays) or _("all"))
    console().print(table)


def _document(it: CountedList) -> dict[str, object]:
    numbers = {state.value: n for state, n in it.numbers.items()}
    return {
        "name": it.name,
        "title": it.title,
        **numbers,
        "suppressed": it.suppressed,
        "relays": it.relays,
    }
