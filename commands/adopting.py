"""pli db adopt: a database that was brought back or copied is at home here from now on."""

from __future__ import annotations

import click

from commands.common import (
    LANGUAGE,
    Context,
    _,
    as_json,
    confirm,
    now,
    running,
    show_json,
    tell,
)
from commands.policy import policy_of
from mailer.campaign import adoption
from pli import home
from pli.errors import PliError
from pli.language import N_, Sentence, say

_STILL_HELD = N_("the database is at home here, and campaigns of it are held")


class NotAdopted(PliError):
    """The person said no."""


@click.command(help=_("Let a backup, or a copy, send from here; says what may be sent twice."))
@click.option("--paused", is_flag=True, help=_("What is held stays held: nothing goes on now."))
@click.option("--yes", is_flag=True, help=_("Ask nothing."))
@as_json
@running
async def adopt(context: Context, paused: bool, yes: bool, as_json: bool) -> None:
    """Nothing is written before the answer."""
    async with context.open() as installation:
        policy, here = policy_of(installation), installation.here
        async with installation.database.begin() as session:
            why = await home.stranger(session, here)
            held = () if paused else await adoption.held(session)
            asked = why is not None or bool(held)
            found = (
                await adoption.at_stake(
                    session, batch_size=policy.batch_size, providers=policy.providers, now=now()
                )
                if asked
                else ()
            )
            await session.rollback()
        if why is None:
            # Held by another machine, or before it was adopted with --paused.
            found = [it for it in found if it.campaign in held]
        if asked:
            if not as_json:
                for sentence in (why or say(_STILL_HELD), *(it.tell() for it in found)):
                    tell(sentence)
            if not confirm(_question(paused=paused), yes=yes):
                raise NotAdopted(N_("Nothing was changed, and nothing is sent."))
            async with installation.database.begin() as session:
                count = await home.adopt(session, here)
                gone_on = [] if paused else await adoption.let_go(session)
            here.note(count)
        if as_json:
            show_json(
                {
                    "adopted": asked,
                    "why": why.tell(LANGUAGE) if why else None,
                    "campaigns": [
                        {
                            "campaign": it.campaign,
                            "letter": it.letter,
                            "state": it.state,
                            "prepared": it.prepared,
                            "sent": it.sent,
                            "may_be_doubled": it.doubled,
                            "goes_on": it.held and not paused,
                        }
                        for it in found
                    ],
                }
            )
        elif not asked:
            tell(say(N_("The database is at home here: there is nothing to adopt.")))
        elif gone_on:
            tell(
                say(
                    N_("Adopted. What was held goes on with “pli serve” or a worker: {campaigns}."),
                    campaigns=", ".join(str(it) for it in gone_on),
                )
            )
        else:
            tell(say(N_("Adopted. “pli campaign resume” lets a campaign go on.")))


def _question(*, paused: bool) -> Sentence:
    if paused:
        return say(N_("Is this the database to send from? What is held stays held."))
    return say(
        N_(
            "Is this the database to send from, and may what is held go on? (“pli campaign cancel” "
            "gives up one of them first, “--paused” keeps all of them held)"
        )
    )
