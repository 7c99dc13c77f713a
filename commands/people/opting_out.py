"""pli subscriber unsubscribe, suppress, lift: write down a no, or lift one made by mistake."""

from __future__ import annotations

import click

from accounts.abilities import Ability
from commands.acting import ALL_LISTS, acting, by_option
from commands.common import Context, _, now, running, tell
from commands.people.options import PeopleError, list_option
from mailer.campaign import barring
from mailer.campaign.barring import ComplaintStands
from mailer.campaign.finding import lists_of
from mailer.report import summary
from pli.language import N_, say, say_n
from subscribers import lists, optout, people
from subscribers.address import Address
from subscribers.models import SuppressionReason


@click.command(help=_("Let a person leave a list: said by telephone, by letter …"))
@click.argument("address")
@list_option
@click.option("--source", default="", help=_("How it was said."))
@by_option
@running
async def unsubscribe(
    context: Context, address: str, name: str, source: str, person: str | None
) -> None:
    """Let a person leave a list; running sendings notice, too."""
    async with context.open() as installation, installation.database.begin() as session:
        leaver = await people.get(session, Address.parse(address))
        joined = await lists.get(session, name)
        done = await optout.unsubscribe(
            session,
            subscriber_id=leaver.id,
            list_id=joined.id,
            source=source or "pli subscriber unsubscribe",
            by=await acting(session, person, Ability.NOES, lists=[joined.id]),
            now=now(),
        )
    told = N_("{address} has left {list}.") if done else N_("{address} was not on {list}.")
    tell(say(told, address=leaver.email, list=name))


of_campaign = click.option(
    "--campaign",
    metavar="CAMPAIGN",
    help=_("All whom the relay called unknown (5.1.1) in this campaign."),
)
by_reply = click.option(
    "--reply",
    default="",
    metavar="PATTERN",
    help=_('Of these, whose refusal has this in it; * stands for anything: "550*unknown".'),
)


@click.command(help=_("Never write to an address again, on any list."))
@click.argument("address", required=False)
@of_campaign
@by_reply
@click.option(
    "--reason",
    type=click.Choice([it.value for it in SuppressionReason]),
    default=SuppressionReason.OBJECTION.value,
    show_default=True,
)
@click.option("--source", default="", help=_("How it was said."))
@by_option
@running
async def suppress(
    context: Context,
    address: str | None,
    campaign: str | None,
    reply: str,
    reason: str,
    source: str,
    person: str | None,
) -> None:
    """The address need not be known: it stays away from imports, too."""
    _one_of(address, campaign, reply)
    if campaign is not None:
        async with context.open() as installation, installation.database.begin() as session:
            campaign_id = await summary.find(session, campaign)
            its = await lists_of(session, campaign_id=campaign_id)
            barred = await barring.suppress(
                session,
                campaign_id=campaign_id,
                reply=reply,
                by=await acting(session, person, Ability.NOES, lists=its),
                now=now(),
            )
        tell(say_n("{n} address is barred.", "{n} addresses are barred.", barred))
        return
    parsed = Address.parse(address or "")
    async with context.open() as installation, installation.database.begin() as session:
        await session.run_sync(
            optout.suppress,
            address_key=installation.keys.address_key(parsed.folded),
            reason=SuppressionReason(reason),
            source=source or "pli subscriber suppress",
            by=await acting(session, person, Ability.NOES, lists=ALL_LISTS),
            now=now(),
        )
    tell(say(N_("{address} is not written to any more."), address=parsed.email))


@click.command(help=_("Write to an address again: it was suppressed by mistake."))
@click.argument("address", required=False)
@of_campaign
@by_reply
@click.option(
    "--person-asked",
    is_flag=True,
    help=_("The person asked for letters again: without this, a complaint stays."),
)
@by_option
@running
async def lift(
    context: Context,
    address: str | None,
    campaign: str | None,
    reply: str,
    person_asked: bool,
    person: str | None,
) -> None:
    """Lists that were left stay left."""
    _one_of(address, campaign, reply)
    if person_asked and campaign is not None:
        raise click.UsageError(_("--person-asked goes with one address"))
    if campaign is not None:
        async with context.open() as installation, installation.database.begin() as session:
            campaign_id = await summary.find(session, campaign)
            its = await lists_of(session, campaign_id=campaign_id)
            lifted = await barring.lift(
                session,
                campaign_id=campaign_id,
                reply=reply,
                by=await acting(session, person, Ability.NOES, lists=its),
                now=now(),
            )
        tell(
            say_n(
                "{n} address may be written to again: "
                '"pli campaign retry {id} --failed" sends the letter to it.',
                "{n} addresses may be written to again: "
                '"pli campaign retry {id} --failed" sends the letter to them.',
                lifted,
                id=campaign_id,
            )
            if lifted
            else say(N_("No address is barred by an answer in campaign {id}."), id=campaign_id)
        )
        return
    parsed = Address.parse(address or "")
    async with context.open() as installation, installation.database.begin() as session:
        key = installation.keys.address_key(parsed.folded)
        by = await acting(session, person, Ability.NOES, lists=ALL_LISTS)
        try:
            lifted_one = await barring.lift_address(
                session, address_key=key, asked=person_asked, by=by, now=now()
            )
        except ComplaintStands as error:
            raise PeopleError.listing(
                say("{file}: {sentence}", file=parsed.email, sentence=it) for it in error.sentences
            ) from None
        if not lifted_one:
            raise PeopleError(N_("{address} was not suppressed."), address=parsed.email)
    tell(say(N_("{address} may be written to again."), address=parsed.email))


def _one_of(address: str | None, campaign: str | None, reply: str) -> None:
    if (address is None) == (campaign is None):
        raise click.UsageError(_("name an address, or --campaign"))
    if reply and campaign is None:
        raise click.UsageError(_("--reply chooses among those of a campaign: add --campaign"))
