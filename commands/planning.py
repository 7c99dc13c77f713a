"""pli campaign create, approve, start: step by step, where more than one person decides."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path

import click

from commands.common import Panel, _, confirm, now, running, tell
from commands.sending import SendError, checked, ordered, prepare, still_as_ordered
from mailer import campaigns, letters, reports
from mailer.models import Audience
from pli.language import N_, say, say_n
from subscribers import attributes

which = click.argument("campaign")
yes = click.option("--yes", is_flag=True, help=_("Ask nothing."))
by = click.option("--by", "person", help=_("Who decides; the login's name if not said."))


@click.command(help=_("Freeze a letter and its lists into a draft; nothing is sent yet."))
@click.argument("letter", type=click.Path(path_type=Path))
@click.option(
    "--list", "names", multiple=True, required=True, help=_("The list; several, in order.")
)
@click.option("--segment", default="", help=_("A saved segment, or a rule."))
@click.option(
    "--again",
    type=click.Choice(["new", "all"]),
    help=_("A letter that was sent already: to those who had none, or to everybody."),
)
@by
@running
async def create(
    panel: Panel,
    letter: Path,
    names: Sequence[str],
    segment: str,
    again: str | None,
    person: str | None,
) -> None:
    """From now on the letter's file may change: the campaign keeps what it was."""
    written = letters.read(letter)
    async with panel.house() as house:
        house.settings.require("relay_url", "public_url", "committee", "address", "phone", "email")
        async with house.database.reading() as session:
            known = await attributes.declared(session)
        frozen = checked(written, house.settings, known, quiet=False)
        order = await ordered(house, frozen, names, segment, Audience(again) if again else None)
        if order.go_on_with is not None:
            raise SendError(
                N_(
                    "campaign {id} is there for just that: start it, or cancel it and make a new "
                    "one"
                ),
                id=order.go_on_with,
            )
        async with house.database.begin() as session:
            _campaign, waiting = await prepare(session, order, house=house, now=now())
            await session.rollback()
        async with house.database.begin() as session:
            await still_as_ordered(session, order)
            campaign = await campaigns.create(
                session,
                frozen=frozen,
                list_ids=order.list_ids,
                segment=order.segment,
                rule=order.rule,
                audience=order.audience,
                token_key=house.keys.current,
                retry_delays=house.settings.retry_delays,
                resend_uncertain=house.settings.uncertain == "resend",
                created_by=person or getpass.getuser(),
                now=now(),
            )
        tell(
            say_n(
                "Campaign {id} is a draft: letter {number}, for {n} person as things stand. "
                '"pli campaign approve {id}", then "pli campaign start {id}".',
                "Campaign {id} is a draft: letter {number}, for {n} people as things stand. "
                '"pli campaign approve {id}", then "pli campaign start {id}".',
                waiting,
                id=campaign.id,
                number=written.number,
            )
        )


@click.command(help=_("Approve a draft: just what it is now is what may be sent."))
@which
@by
@yes
@running
async def approve(panel: Panel, campaign: str, person: str | None, yes: bool) -> None:
    """Stamps who, when, and the hash of letter, theme and contact lines."""
    async with panel.house() as house:
        async with house.database.reading() as session:
            campaign_id = await reports.find(session, campaign)
            found = await campaigns.find(session, campaign_id)
        question = say(
            N_("Approve campaign {id}: letter {number}, “{subject}”?"),
            id=campaign_id,
            number=found.number,
            subject=found.subject,
        )
        if not confirm(question, yes=yes):
            raise click.Abort
        name = person or getpass.getuser()
        async with house.database.begin() as session:
            await campaigns.approve(
                session,
                campaign_id=campaign_id,
                by=name,
                second_person=house.settings.second_person,
                now=now(),
            )
    tell(say(N_("Campaign {id} is approved by {name}."), id=campaign_id, name=name))


@click.command(help=_("Start a campaign that was made step by step; the engine sends it."))
@which
@yes
@running
async def start(panel: Panel, campaign: str, yes: bool) -> None:
    """Prepares its copies for whoever is on the lists now, and lets the engine have them."""
    async with panel.house() as house:
        async with house.database.reading() as session:
            campaign_id = await reports.find(session, campaign)
        question = say(N_("Start campaign {id}?"), id=campaign_id)
        if not confirm(question, yes=yes):
            raise click.Abort
        async with house.database.begin() as session:
            await campaigns.prepare(
                session,
                campaign_id=campaign_id,
                batch_size=house.settings.batch_size,
                now=now(),
            )
            await campaigns.start(
                session,
                campaign_id=campaign_id,
                second_person=house.settings.second_person,
                now=now(),
            )
    tell(say(N_('It runs: "pli serve", or the same "pli send", does the work.')))
