"""pli bounce: what the world answered; read, shown, claimed, taken back."""

from __future__ import annotations

import click

from commands.bounces.listing import list_, show_one
from commands.bounces.reading import read
from commands.bounces.undoing import claim, undo
from commands.common import _


@click.group(help=_("What came back: bounces and complaints, and what followed from them."))
def bounce() -> None:
    """The group of the commands over what came back."""


for command in (read, list_, show_one, claim, undo):
    bounce.add_command(command)
