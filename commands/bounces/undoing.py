"""pli bounce claim, undo: what a person decides about what came back."""

from __future__ import annotations

from functools import partial

import click

from accounts.abilities import Ability
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import Context, _, now, running, tell
from commands.policy import bounce_rules_of
from mailer.bounces import handling, words
from mailer.campaign import barring
from mailer.campaign.finding import lists_of
from mailer.report import bounces, summary
from pli.hours import zone_of
from pli.language import N_, say, say_n
from subscribers import people, values
from subscribers.address import Address


@click.command(help=_("Tie a mail without a token to a person: it is about their latest copy."))
@click.argument("mail", type=int)
@click.option("--subscriber", "address", required=True, metavar="ADDRESS", help=_("The person."))
@by_option
@running
async def claim(context: Context, mail: int, address: str, person: str | None) -> None:
    """Let a mail act on the person, as if it had carried the token of their latest copy."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        found = await people.get(session, parsed)
        came = await session.run_sync(
            partial(
                handling.claim,
                mail_id=mail,
                subscriber_id=found.id,
                by=await acting(session, person, Ability.NOES, lists=ALL_LISTS),
                rules=bounce_rules_of(installation.settings),
                now=now(),
            )
        )
    tell(
        say(
            N_("Mail {number} is about {address}: {effect}."),
            number=mail,
            address=parsed.email,
            effect=words.effect(came.effect),
        )
    )


@click.command(help=_("Take back what followed from bounces: write to the addresses again."))
@click.argument("number", type=int, required=False)
@click.option("--campaign", metavar="CAMPAIGN", help=_("All bounces of this campaign."))
@click.option("--provider", help=_("Of these, only of this provider: orange, laposte, gmail …"))
@click.option("--since", help=_("Of these, only from this day on: 2026-01-31 or 31/01/2026."))
@click.option("--why", default="", help=_("Why; the audit keeps it."))
@by_option
@running
async def undo(
    context: Context,
    number: int | None,
    campaign: str | None,
    provider: str | None,
    since: str | None,
    why: str,
    person: str | None,
) -> None:
    """Lift what bounces have suppressed, and let go what is held; complaints stay."""
    if (number is None) == (campaign is None):
        raise click.UsageError(_("name a bounce, or --campaign"))
    if number is not None and (provider or since):
        raise click.UsageError(_("--provider and --since go with --campaign"))
    async with context.open() as installation, installation.database.begin() as session:
        if number is not None:
            await bounces.one(session, number)
            by = await acting(session, person, Ability.NOES, lists=ALL_LISTS)
            undone = await barring.undo_one(session, bounce_id=number, by=by, why=why, now=now())
        else:
            zone = zone_of(installation.settings.timezone)
            campaign_id = await summary.find(session, campaign or "")
            its = await lists_of(session, campaign_id=campaign_id)
            by = await acting(session, person, Ability.NOES, lists=its)
            undone = await barring.undo(
                session,
                campaign_id=campaign_id,
                provider=provider,
                since=None if since is None else values.midnight(since, zone),
                by=by,
                why=why,
                now=now(),
            )
    tell(say_n("{n} bounce is taken back.", "{n} bounces are taken back.", undone.bounces))
    tell(
        say_n(
            "{n} address may be written to again.",
            "{n} addresses may be written to again.",
            undone.addresses,
        )
    )
