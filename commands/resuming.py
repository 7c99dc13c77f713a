"""pli campaign resume: go on, and decide what the answers before the pause were worth."""

from __future__ import annotations

from collections.abc import Sequence

import click
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.abilities import Ability
from commands.acting import acting, by_option, why_option
from commands.common import Context, _, at_a_terminal, confirm, now, running, tell
from commands.outdated import restarts
from mailer.campaign import barring, lifecycle
from mailer.campaign.finding import find_campaign, lists_of
from mailer.campaign.refused_before import refused_before, send_again
from mailer.campaign.sending_hours import SendingHours
from mailer.report import summary
from pli.language import N_, Sentence, say, say_n


@click.command(help=_("Go on with a paused campaign."))
@click.argument("campaign")
@click.option(
    "--bar/--no-bar",
    "bar",
    default=None,
    help=_("Whether to bar the addresses that the relay called unknown before the pause."),
)
@click.option(
    "--again/--not-again",
    "again",
    default=None,
    help=_("Whether to send those copies again that were refused before the pause."),
)
@by_option
@why_option
@running
async def resume(
    context: Context,
    campaign: str,
    bar: bool | None,
    again: bool | None,
    person: str | None,
    why: str,
) -> None:
    """Resume a campaign; `pli serve`, or the same `pli send`, sends the copies.

    What the options do not say is asked; where nobody can be asked, it is told and not done.
    """
    async with context.open() as installation:
        await installation.refuse_a_stranger()
        async with installation.database.reading() as session:
            campaign_id = await summary.find(session, campaign)
            its = await lists_of(session, campaign_id=campaign_id)
            by = await acting(session, person, Ability.RESUME, lists=its)
            found = await find_campaign(session, campaign_id)
            ended = SendingHours.of(found).over(now())
            undecided = await barring.undecided(session, campaign_id=campaign_id)
            refused = len(await refused_before(session, campaign_id=campaign_id))
            outdated = await restarts(session, installation)
        barrable = undecided.would_be_barred if undecided else 0
        if barrable:
            bar = _decided(bar, _would_be_barred(barrable), _how_to_bar(barrable, campaign_id))
        if barrable and bar:
            refused = 0  # who is barred gets nothing more
        if refused:
            again = _decided(again, _were_refused(refused), _how_to_retry(refused, campaign_id))
        async with installation.database.begin() as session:
            copies = 0
            if again and refused:
                copies = await send_again(session, campaign_id=campaign_id)
            barred = 0
            if bar and undecided:
                barred = await barring.believe(session, campaign_id=campaign_id, by=by, now=now())
            await lifecycle.resume(session, campaign_id=campaign_id, by=by, why=why)
    if barred:
        tell(say_n("{n} address is barred.", "{n} addresses are barred.", barred))
    if copies:
        tell(say_n("{n} copy waits again.", "{n} copies wait again.", copies))
    if ended:
        tell(say(N_("Its end has passed: it goes on without one.")))
    for sentence in outdated:
        tell(sentence, stderr=True)
    tell(say(N_('It runs: "pli serve", or the same "pli send", does the work.')))


async def not_asked(session: AsyncSession, campaign_id: int) -> Sequence[Sentence]:
    """What remains to be decided of a paused campaign with which `pli send` goes on unasked."""
    undecided = await barring.undecided(session, campaign_id=campaign_id)
    barrable = undecided.would_be_barred if undecided else 0
    refused = len(await refused_before(session, campaign_id=campaign_id))
    return [
        *([_how_to_bar(barrable, campaign_id)] if barrable else []),
        *([_how_to_retry(refused, campaign_id)] if refused else []),
    ]


def _decided(said: bool | None, question: Sentence, otherwise: Sentence) -> bool:
    """What was said, or is said now; where nobody can be asked, what remains to be done is told."""
    if said is not None:
        return said
    if at_a_terminal():
        return confirm(question, yes=False)
    tell(otherwise)
    return False


def _would_be_barred(n: int) -> Sentence:
    return say_n(
        "The relay called {n} address unknown, and a fault there may be why. Bar the address?",
        "The relay called {n} addresses unknown, and a fault there may be why. Bar them all?",
        n,
    )


def _how_to_bar(n: int, campaign_id: int) -> Sentence:
    return say_n(
        "{n} address that the relay called unknown is not barred: "
        '"pli subscriber suppress --campaign {id}" bars it.',
        "{n} addresses that the relay called unknown are not barred: "
        '"pli subscriber suppress --campaign {id}" bars them.',
        n,
        id=campaign_id,
    )


def _were_refused(n: int) -> Sentence:
    return say_n(
        "{n} copy was refused before the pause. Send it again?",
        "{n} copies were refused before the pause. Send them again?",
        n,
    )


def _how_to_retry(n: int, campaign_id: int) -> Sentence:
    return say_n(
        '{n} copy was refused before the pause: "pli campaign retry {id} --failed" sends it again.',
        "{n} copies were refused before the pause: "
        '"pli campaign retry {id} --failed" sends them again.',
        n,
        id=campaign_id,
    )
