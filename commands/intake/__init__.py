"""pli intake: the doors by which answers come in, and what they brought."""

from __future__ import annotations

import click

from commands.common import _
from commands.intake.maildir import maildir
from commands.intake.reading import read
from commands.intake.secret import secret
from commands.intake.setup import setup
from commands.intake.showing import dismiss, leave, list_, retry
from commands.intake.working import work


@click.group(help=_("How answers come in: the doors, what they brought, and how to set them up."))
def intake() -> None:
    """The group of the commands over doors."""


for command in (read, maildir, work, list_, leave, dismiss, retry, setup, secret):
    intake.add_command(command)
