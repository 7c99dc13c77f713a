"""pli list: what people can join or leave."""

from __future__ import annotations

import click
from rich.table import Table
from sqlalchemy import func, select

from commands.common import LANGUAGE, Panel, _, as_json, console, now, running, show_json, tell
from pli.language import N_, say, translations
from subscribers import lists
from subscribers.models import List, Subscription, SubscriptionState

STATES = {
    SubscriptionState.CONFIRMED: N_("confirmed"),
    SubscriptionState.UNCONFIRMED: N_("not confirmed"),
    SubscriptionState.LEFT: N_("left"),
}


@click.group("list", help=_("Lists: subjects one can join or leave."))
def list_() -> None:
    """Commands over lists."""


@list_.command(help=_("A new list; its name stands in web addresses for ever."))
@click.argument("name")
@click.option("--title", default="", help=_("How people read it."))
@click.option("--language", type=click.Choice(["fr", "en"]), default="fr", show_default=True)
@running
async def new(panel: Panel, name: str, title: str, language: str) -> None:
    """A list without members."""
    async with panel.house() as house, house.database.begin() as session:
        await lists.create(session, name=name, title=title, language=language, now=now())
    tell(say(N_("The list {name} is there."), name=name))


@list_.command("show", help=_("All lists and how many are on each."))
@as_json
@running
async def show_lists(panel: Panel, as_json: bool) -> None:
    """Counted by state."""
    async with panel.house() as house, house.database.reading() as session:
        found = [(it.name, it.title) for it in await lists.everything(session)]
        counted = await session.execute(
            select(List.name, Subscription.state, func.count())
            .join(Subscription, Subscription.list_id == List.id)
            .group_by(List.name, Subscription.state)
        )
        numbers = {(name, state): n for name, state, n in counted}
    rows = [
        {"name": name, "title": title}
        | {state.value: numbers.get((name, state), 0) for state in SubscriptionState}
        for name, title in found
    ]
    if as_json:
        show_json(rows)
        return
    heads = [translations(LANGUAGE).gettext(STATES[it]) for it in SubscriptionState]
    table = Table(_("list"), _("title"), *heads, box=None)
    for row in rows:
        table.add_row(*map(str, row.values()))
    console().print(table)
