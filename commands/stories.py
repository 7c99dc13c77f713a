"""pli campaign story: what became of one person's copy, as sentences."""

from __future__ import annotations

import click

from accounts.abilities import Ability
from commands.acting import acting, by_option
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
from commands.report_table import visible
from mailer.campaign.finding import lists_of
from mailer.report import story as stories
from mailer.report import summary, viewing
from mailer.report.story import Story
from pli.hours import clock_time
from subscribers.address import Address


@click.command(help=_("Did this person get it? The story of one copy, in sentences."))
@click.argument("campaign")
@click.argument("address")
@by_option
@as_json
@running
async def story(
    context: Context, campaign: str, address: str, person: str | None, as_json: bool
) -> None:
    """Tell what became of the copy to an address; that somebody asked is noted."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        campaign_id = await summary.find(session, campaign)
        its = await lists_of(session, campaign_id=campaign_id)
        by = await acting(session, person, Ability.SEE_COPIES, lists=its)
        zone = installation.settings.timezone
        found = await stories.story(session, campaign_id, address=parsed, zone=zone)
        await viewing.note_person(session, address=parsed, how="story", by=by, now=now())
    if as_json:
        show_json(_document(found))
        return
    tell(found.answer)
    table = new_table(show_header=False)
    for it in found.events:
        table.add_row(clock_time(it.at, zone), it.sentence.tell(LANGUAGE))
        if it.said:
            table.add_row("", visible(it.said))
    console().print(table)


def _document(found: Story) -> dict[str, object]:
    return {
        "campaign": found.campaign,
        "letter": found.letter,
        "email": found.email,
        "list": found.list,
        "status": found.status.value,
        "answer": found.answer.tell(LANGUAGE),
        "events": [
            {"at": summary.iso(it.at), "told": it.sentence.tell(LANGUAGE), "said": it.said}
            for it in found.events
        ],
    }
