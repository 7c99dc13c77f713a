"""Who acts: the option --by, and the actor that commands give to verbs."""

from __future__ import annotations

import os
import pwd
from typing import TYPE_CHECKING

import click

from commands.common import _

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from pli.actor import Actor

by_option = click.option(
    "--by",
    "person",
    metavar="ADDRESS",
    help=_("Who of the office does this; the login of this machine if not said."),
)
decided_by = click.option(
    "--by",
    "person",
    metavar="ADDRESS",
    help=_("Who of the office decides this; needed as soon as somebody has an account."),
)


async def acting(session: AsyncSession, person: str | None, *, decides: bool = False) -> Actor:
    """The actor of this command: the account with the address that --by names, or the login.

    `decides`: where there are accounts, --by has to name one.
    """
    # Imported here: `pli --help` needs no database.
    from accounts import command_line
    from subscribers.address import Address

    return await command_line.actor(
        session,
        user=login(),
        named=None if person is None else Address.parse(person),
        must_name=decides,
    )


def login() -> str:
    """The operating system's user, by the number of the process: LOGNAME can be set to any name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
