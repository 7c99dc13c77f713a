"""pli intake work: works on what waits, where no `pli serve` runs."""

from __future__ import annotations

import click

from commands.chore_kinds import means_of
from commands.common import Context, _, running, tell
from mailer.intake import working
from pli.language import say_n


@click.command(help=_("Work on what the doors brought, once; “pli serve” does so all the time."))
@running
async def work(context: Context) -> None:
    """Work on everything that is due."""
    async with context.open() as installation:
        done = await working.work_all(installation.database, means_of(installation))
    tell(say_n("{n} mail was worked on.", "{n} mails were worked on.", done))
