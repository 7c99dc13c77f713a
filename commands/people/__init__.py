"""pli subscriber: people read in, shown, and let go."""

from __future__ import annotations

import click

from commands.common import _
from commands.people.adding import add
from commands.people.importing import import_
from commands.people.opting_out import lift, suppress, unsubscribe
from commands.people.showing import show


@click.group(help=_("People: read them in, see what is held about them, let them leave."))
def subscriber() -> None:
    """Commands over people."""


for command in (import_, add, show, unsubscribe, suppress, lift):
    subscriber.add_command(command)
