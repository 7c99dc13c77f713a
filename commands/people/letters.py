"""pli subscriber letters: all letters to one person, and what became of each."""

from __future__ import annotations

from typing import Any

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
from mailer import reasons
from mailer.report import persons_letters, viewing
from mailer.report.persons_letters import LettersPage, PersonsLetter
from mailer.report.summary import iso
from pli.hours import clock_time
from pli.language import N_, say
from subscribers import people
from subscribers.address import Address


@click.command(help=_("All letters to one person, and what became of each; the latest first."))
@click.argument("address")
@click.option("--after", type=int, help=_("Go on behind the campaign with this number."))
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000),
    default=persons_letters.SHOWN,
    show_default=True,
    help=_("How many are shown."),
)
@by_option
@as_json
@running
async def letters(
    context: Context,
    address: str,
    after: int | None,
    limit: int,
    person: str | None,
    as_json: bool,
) -> None:
    """Tell what became of each copy to a person; that somebody looked is noted."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        by = await acting(session, person, Ability.SEE_COPIES, lists=ALL_LISTS)
        found = await people.get(session, parsed)
        await viewing.note_person(session, address=parsed, how="letters", by=by, now=now())
        page = await persons_letters.letters(session, found.id, after=after, limit=limit)
        zone = installation.settings.timezone
    if as_json:
        show_json(_document(page))
        return
    if not page.letters:
        tell(say(N_("There was no letter for this person.")))
        return
    table = new_table(_("campaign"), _("letter"), _("begun"), _("state"), "")
    for it in page.letters:
        table.add_row(
            str(it.campaign),
            f"{it.letter} {it.title}",
            clock_time(it.at, zone) if it.at else "–",
            reasons.status_of_one(it.status).tell(LANGUAGE),
            " ".join(part.tell(LANGUAGE) for part in (it.sentence, it.came_back) if part),
        )
    console().print(table)
    if page.after is not None:
        tell(say(N_("There are more: --after {campaign}"), campaign=page.after))


def _document(page: LettersPage) -> dict[str, Any]:
    return {"letters": [_letter(it) for it in page.letters], "after": page.after}


def _letter(it: PersonsLetter) -> dict[str, Any]:
    return {
        "campaign": it.campaign,
        "letter": it.letter,
        "title": it.title,
        "started_at": iso(it.at),
        "status": it.status.value,
        "reason": it.reason,
        "told": it.sentence.tell(LANGUAGE) if it.sentence else None,
        "came_back": it.came_back.tell(LANGUAGE) if it.came_back else None,
        "came_back_at": iso(it.came_back_at),
    }
