"""Who acts: the option --by, and the actor that commands give to verbs."""

from __future__ import annotations

import os
import pwd
from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from commands.common import _

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from accounts.abilities import Ability
    from pli.actor import Actor

ALL_LISTS: Collection[int] = ()
"""What belongs to no list, or to all: it takes the right on every list."""

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

why_option = click.option("--why", default="", help=_("Why; the audit keeps it."))


async def acting(
    session: AsyncSession,
    person: str | None,
    *may: Ability,
    lists: Collection[int],
    decides: bool = False,
) -> Actor:
    """The actor of this command: the account with the address that --by names, or the login.

    That account must be able to do one of `may` on all of these lists; what belongs to no list
    takes all of them. `decides`: where there are accounts, --by has to name one.
    """
    # Imported here: `pli --help` needs no database.
    from accounts import command_line
    from subscribers.address import Address

    return await command_line.actor(
        session,
        user=login(),
        named=None if person is None else Address.parse(person),
        may=may,
        lists=lists,
        must_name=decides,
    )


def login() -> str:
    """The operating system's user, by the number of the process: LOGNAME can be set to any name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
