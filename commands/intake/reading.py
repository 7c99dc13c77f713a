"""pli intake read: takes one mail from a pipe of a mail server."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import click

from commands.common import Context, _, running, tell
from mailer.intake import taking
from pli.errors import PliError
from pli.faults import place_of
from pli.language import N_, say

log = logging.getLogger("pli.intake")

TRY_LATER = 75
"""EX_TEMPFAIL: the mail server keeps the mail, and tries again."""
DOOR = "pipe"


@click.command(help=_("Take one mail from standard input, as a mail server's pipe gives it."))
@click.option(
    "--to",
    "came_to",
    default="",
    metavar="ADDRESS",
    help=_("The address that the mail was delivered to, if a mail server says it."),
)
@running
async def read(context: Context, came_to: str) -> None:
    """Keep the mail; it is worked on by `pli serve`, or by `pli intake work`."""
    raw = sys.stdin.buffer.read(taking.LARGEST)
    # To the end: a mail server takes a pipe that closes early for a failure.
    while sys.stdin.buffer.read(taking.LARGEST):
        pass
    try:
        async with (
            context.open() as installation,
            installation.database.begin() as session,
        ):
            await taking.take(session, raw=raw, came_to=came_to, by=DOOR, now=datetime.now(UTC))
    # Any other code than TRY_LATER is a refusal for the server, and the mail would be lost: a
    # fault of ours, too, is no reason for that.
    except Exception as error:
        if isinstance(error, PliError):
            for line in error.sentences:
                tell(line, stderr=True)
        else:
            log.error(
                "intake.door_fault",
                extra={"door": DOOR, "error": type(error).__name__, "at": place_of(error)},
            )
            fault = N_("a fault of Pli ({error}): the mail server keeps the mail")
            tell(say(fault, error=type(error).__name__), stderr=True)
        sys.exit(TRY_LATER)
