"""What the commands over accounts share: arguments, and the lists that are named."""

from __future__ import annotations

from collections.abc import Sequence

import click
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.abilities import Right
from commands.common import _
from subscribers import lists

ROLES = click.Choice([it.value for it in Right])

of_whom = click.argument("address")
on_lists = click.option(
    "--list", "names", multiple=True, help=_("On this list; several. Else on all.")
)


async def ids(session: AsyncSession, names: Sequence[str]) -> list[int | None]:
    """The ids of the lists that were named; None, for all, if none was."""
    return [(await lists.get(session, it)).id for it in dict.fromkeys(names)] or [None]
