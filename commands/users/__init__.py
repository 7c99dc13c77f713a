"""pli user: the people of the office, who may come in, and what each may do."""

from __future__ import annotations

import click

from commands.common import _
from commands.users.closing import close, end_sessions, reopen, reset
from commands.users.inviting import add
from commands.users.roles import role
from commands.users.showing import list_


@click.group(help=_("The people of the office: who may come in, and what each may do."))
def user() -> None:
    """The group of the commands over accounts."""


for command in (add, list_, role, close, reopen, end_sessions, reset):
    user.add_command(command)
