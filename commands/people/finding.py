"""pli subscriber find, left, suppressed: people looked up, and who said no."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from accounts.abilities import Ability
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import (
    LANGUAGE,
    Context,
    Installation,
    _,
    as_json,
    console,
    new_table,
    now,
    running,
    show_json,
    tell,
)
from mailer.report import person as of_person
from mailer.report import viewing
from pli.hours import zone_of
from pli.language import N_, say, say_n, translations
from subscribers import lists, noes, search, values
from subscribers.noes import Leaving
from subscribers.search import Found
from subscribers.state_words import BARRED

limit_option = click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help=_("How many are shown."),
)
WAYS = {
    "one-click": N_("one click in the mail program"),
    "unsubscribe page": N_("the page behind the letter's link"),
    "pli subscriber unsubscribe": N_("by the office"),
}


@click.command(help=_("Find people: a part of a name, an address or a value; several words."))
@click.argument("text", nargs=-1, required=True)
@limit_option
@by_option
@as_json
@running
async def find(
    context: Context, text: tuple[str, ...], limit: int, person: str | None, as_json: bool
) -> None:
    """Without case and accents."""
    async with context.open() as installation:
        async with installation.database.reading() as session:
            found, count = await search.find(session, " ".join(text), limit=limit)
        await _note(installation, len(found), "find", person)
    if as_json:
        show_json({"count": count, "people": [_person(it) for it in found]})
        return
    if not count:
        tell(say(N_("Nobody is found by that.")))
        return
    table = new_table(_("address"), _("name"), _("lists"), "")
    for it in found:
        name = f"{it.person.first_name} {it.person.last_name}".strip()
        barred = _("never written to") if it.suppressed else ""
        table.add_row(it.person.email, name, ", ".join(it.lists), barred)
    console().print(table)
    _more(count, len(found))


def _person(it: Found) -> dict[str, Any]:
    return {
        "email": it.person.email,
        "first_name": it.person.first_name,
        "last_name": it.person.last_name,
        "attributes": it.person.attributes,
        "lists": it.lists,
        "suppressed": it.suppressed,
    }


@click.command(help=_("Who left, when, from which list, and by which way; the latest first."))
@click.option("--list", "name", help=_("Only from this list."))
@click.option("--since", help=_("Only from this day on: 2026-01-31 or 31/01/2026."))
@limit_option
@by_option
@as_json
@running
async def left(
    context: Context,
    name: str | None,
    since: str | None,
    limit: int,
    person: str | None,
    as_json: bool,
) -> None:
    """Also who has come back since: that is said."""
    async with context.open() as installation:
        async with installation.database.reading() as session:
            begins = (
                None
                if since is None
                else values.midnight(since, zone_of(installation.settings.timezone))
            )
            of = None if name is None else await lists.get(session, name)
            found, count = await noes.leavings(
                session, list_id=of.id if of else None, since=begins, limit=limit
            )
            letters = await of_person.letters_of(
                session, [it.delivery_id for it in found if it.delivery_id is not None]
            )
        await _note(installation, len(found), "left", person, of.id if of else None)
    if as_json:
        documents = [{**asdict(it), "letter": letters.get(it.delivery_id or 0)} for it in found]
        show_json({"count": count, "left": documents})
        return
    if not count:
        tell(say(N_("Nobody left.")))
        return
    table = new_table(_("when"), _("address"), _("list"), _("by which way"), "")
    for it in found:
        back = "" if it.still_left else _("has come back")
        who = it.email or _("(erased)")
        table.add_row(f"{it.at:%Y-%m-%d %H:%M}", who, it.list or "–", _way(it, letters), back)
    console().print(table)
    _more(count, len(found))


def _way(it: Leaving, letters: dict[int, int]) -> str:
    way = translations(LANGUAGE).gettext(WAYS[it.source]) if it.source in WAYS else it.source
    number = letters.get(it.delivery_id or 0)
    if number is None:
        return way
    return f"{way} ({say(N_('letter {number}'), number=number).tell(LANGUAGE)})"


@click.command(help=_("Who is never written to, and why; the latest first."))
@limit_option
@by_option
@as_json
@running
async def suppressed(context: Context, limit: int, person: str | None, as_json: bool) -> None:
    """Addresses of nobody here are kept as hashes: they are counted."""
    async with context.open() as installation:
        async with installation.database.reading() as session:
            found, count, unknown = await noes.barred(session, limit=limit)
        await _note(installation, len(found), "suppressed", person)
    if as_json:
        show_json({"count": count, "unknown": unknown, "people": [asdict(it) for it in found]})
        return
    if found:
        table = new_table(_("when"), _("address"), _("why"), _("how it was said"))
        for it in found:
            why = translations(LANGUAGE).gettext(BARRED[it.reason])
            table.add_row(f"{it.at:%Y-%m-%d %H:%M}", it.email, why, it.source)
        console().print(table)
        _more(count, len(found))
    if unknown or not found:
        tell(
            say_n(
                "{n} address of nobody here is never written to (it is kept as a hash).",
                "{n} addresses of nobody here are never written to (they are kept as hashes).",
                unknown,
            )
        )


async def _note(
    installation: Installation,
    count: int,
    how: str,
    person: str | None,
    list_id: int | None = None,
) -> None:
    """Note who looks at how many people, before they are shown."""
    async with installation.database.begin() as session:
        viewing.note_people(
            session,
            count=count,
            how=how,
            list_id=list_id,
            by=await acting(
                session,
                person,
                Ability.SEE_PEOPLE,
                lists=ALL_LISTS if list_id is None else [list_id],
            ),
            now=now(),
        )


def _more(count: int, shown: int) -> None:
    if count > shown:
        tell(say(N_("{shown} of {n} are shown: --limit shows more"), shown=shown, n=count))
