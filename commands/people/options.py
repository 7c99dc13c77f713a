"""The options that commands over people share, and their error."""

from __future__ import annotations

import click

from commands.common import _
from pli.errors import PliError
from subscribers.models import Basis

basis_option = click.option(
    "--basis",
    required=True,
    type=click.Choice([it.value for it in Basis]),
    help=_("Why we may write to them."),
)
source_option = click.option(
    "--source", required=True, help=_("Where the addresses come from, for the proof of consent.")
)
list_option = click.option("--list", "name", required=True, help=_("The list."))


first_name_option = click.option("--first-name", help=_("First name."))
last_name_option = click.option("--last-name", help=_("Last name."))
set_option = click.option("--set", "pairs", multiple=True, help=_("An attribute: departement=44"))


class PeopleError(PliError):
    """A command over people is refused."""
