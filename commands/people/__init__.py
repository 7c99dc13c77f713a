"""pli subscriber: imports, adds and shows people, and lets them leave."""

from __future__ import annotations

import click

from commands.common import _
from commands.lazy import LazyGroup, Place
from commands.people.adding import add, edit
from commands.people.finding import find, left, suppressed
from commands.people.imports import imports
from commands.people.opting_out import lift, suppress, unsubscribe
from commands.people.showing import show

# Loaded when it is called: the import brings dozens of encodings that no other command needs.
ELSEWHERE = {
    "import": Place(
        "commands.people.importing", "import_",
        _("Read people from a CSV file onto a list."),
    ),
    "letters": Place(
        "commands.people.letters", "letters",
        _("All letters to one person, and what became of each; the latest first."),
    ),
}  # fmt: skip


@click.group(
    cls=LazyGroup,
    places=ELSEWHERE,
    help=_("People: read them in, see what is held about them, let them leave."),
)
def subscriber() -> None:
    """The group of the commands over people."""


for command in (
    add, edit, find, show, imports, unsubscribe, left, suppress, suppressed, lift,
):  # fmt: skip
    subscriber.add_command(command)
