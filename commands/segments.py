"""pli segment: tries and keeps the rules that select people."""

from __future__ import annotations

import click

from accounts.abilities import Ability
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import Context, _, as_json, console, new_table, now, running, show_json, tell
from mailer.report import viewing
from pli.language import say_n
from subscribers import segments


@click.group(help=_("Segments: named rules that select people."))
def segment() -> None:
    """The group of the segment commands."""


@segment.command(help=_("Keep a rule under a name."))
@click.argument("name")
@click.argument("rule")
@by_option
@running
async def save(context: Context, name: str, rule: str, person: str | None) -> None:
    """Keep a rule under a name, in place of any rule that the name has."""
    async with context.open() as installation, installation.database.begin() as session:
        read = await segments.read(session, rule)
        by = await acting(session, person, Ability.EDIT_PEOPLE, Ability.RELEASE, lists=ALL_LISTS)
        await segments.save(session, name=name, rule=read, by=by, now=now())
        count = await segments.count(session, read)
    tell(
        say_n(
            "{name}: {rule} ({n} person)",
            "{name}: {rule} ({n} people)",
            count,
            name=name,
            rule=str(read),
        )
    )


@segment.command("show", help=_("The saved segments."))
@as_json
@running
async def show_segments(context: Context, as_json: bool) -> None:
    """Show the saved segments."""
    async with context.open() as installation, installation.database.reading() as session:
        rows = [{"name": it.name, "rule": it.rule} for it in await segments.everything(session)]
    if as_json:
        show_json(rows)
        return
    table = new_table(_("segment"), _("rule"))
    for row in rows:
        table.add_row(row["name"], row["rule"])
    console().print(table)


@segment.command(help=_("How many a rule selects, and some of them."))
@click.argument("rule")
@by_option
@as_json
@running
async def count(context: Context, rule: str, person: str | None, as_json: bool) -> None:
    """Count the people whom a saved segment or a rule selects, and name some of them."""
    async with context.open() as installation:
        async with installation.database.reading() as session:
            name, read = await segments.resolve(session, rule)
            n = await segments.count(session, read)
            some = [it.email for it in await segments.sample(session, read)]
        async with installation.database.begin() as session:
            viewing.note_people(
                session,
                count=len(some),
                how="segment",
                by=await acting(session, person, Ability.SEE_PEOPLE, lists=ALL_LISTS),
                now=now(),
            )
    if as_json:
        show_json({"segment": name or None, "rule": str(read), "count": n, "sample": some})
        return
    shown = ", ".join(some) + (" …" if n > len(some) else "")
    tell(say_n("{n} person: {some}", "{n} people: {some}", n, some=shown))
