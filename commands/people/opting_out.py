"""pli subscriber unsubscribe, suppress, lift: write down a no, or lift one made by mistake."""

from __future__ import annotations

import click

from commands.common import Context, _, now, running, tell
from commands.people.options import PeopleError, list_option
from pli.language import N_, say
from subscribers import lists, optout, people
from subscribers.address import Address
from subscribers.models import SuppressionReason


@click.command(help=_("Let a person leave a list: said by telephone, by letter …"))
@click.argument("address")
@list_option
@click.option("--source", default="", help=_("How it was said."))
@running
async def unsubscribe(context: Context, address: str, name: str, source: str) -> None:
    """Let a person leave a list; running sendings notice, too."""
    async with context.open() as installation, installation.database.begin() as session:
        person = await people.get(session, Address.parse(address))
        joined = await lists.get(session, name)
        done = await optout.unsubscribe(
            session,
            subscriber_id=person.id,
            list_id=joined.id,
            source=source or "pli subscriber unsubscribe",
            now=now(),
        )
    told = N_("{address} has left {list}.") if done else N_("{address} was not on {list}.")
    tell(say(told, address=person.email, list=name))


@click.command(help=_("Never write to an address again, on any list."))
@click.argument("address")
@click.option(
    "--reason",
    type=click.Choice([it.value for it in SuppressionReason]),
    default=SuppressionReason.OBJECTION.value,
    show_default=True,
)
@click.option("--source", default="", help=_("How it was said."))
@running
async def suppress(context: Context, address: str, reason: str, source: str) -> None:
    """Suppress an address, which need not be known: later imports skip it, too."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        await session.run_sync(
            optout.suppress,
            address_key=installation.keys.address_key(parsed.folded),
            reason=SuppressionReason(reason),
            source=source or "pli subscriber suppress",
            now=now(),
        )
    tell(say(N_("{address} is not written to any more."), address=parsed.email))


@click.command(help=_("Write to an address again: it was suppressed by mistake."))
@click.argument("address")
@running
async def lift(context: Context, address: str) -> None:
    """Lift the suppression of an address; its person does not return to lists that were left."""
    parsed = Address.parse(address)
    async with context.open() as installation, installation.database.begin() as session:
        key = installation.keys.address_key(parsed.folded)
        if not await optout.lift(session, address_key=key):
            raise PeopleError(N_("{address} was not suppressed."), address=parsed.email)
    tell(say(N_("{address} may be written to again."), address=parsed.email))
