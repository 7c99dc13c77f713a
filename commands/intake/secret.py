"""pli intake secret: makes the secret of a web hook, and keeps the former one for a day."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import click

from commands.common import Context, _, running, show, tell
from commands.relays import hook_of
from mailer.intake.sns_certificates import SERVICES
from pli.intake_settings import STANDARD
from pli.language import N_, say
from pli.relay_names import MAIN
from pli.settings import SettingsError

FORMER_FOR = timedelta(days=1)


@click.command(help=_("Make a new secret for a relay's web hook; the former one holds for a day."))
@click.argument("name", default=MAIN)
@running
async def secret(context: Context, name: str) -> None:
    """Print the lines for pli.toml, and the address for the provider."""
    settings = context.settings()
    if name != MAIN and name not in settings.relays:
        raise SettingsError(N_("{name}: the settings name no such relay"), name=name)
    its = hook_of(settings, name)
    if its.kind in SERVICES:
        raise SettingsError(
            N_("{name}: {kind} proves itself by its topic, and has no secret"),
            name=name,
            kind=its.kind,
        )
    is_theirs = its.kind == "standard"
    former = its.hook_secret
    new = f"{STANDARD}…" if is_theirs else secrets.token_urlsafe(16)
    prefix = "relay_" if name == MAIN else ""
    until = (datetime.now(UTC) + FORMER_FOR).isoformat(timespec="seconds")
    where = say(N_("Write into pli.toml, and start Pli again:"))
    below = say(N_("Write into pli.toml below [relays.{name}], and start Pli again:"), name=name)
    tell(where if name == MAIN else below)
    show(f'\n    {prefix}hook_secret = "{new}"')
    if former:
        show(f'    {prefix}hook_former = "{former}"\n    {prefix}hook_former_until = "{until}"')
    if is_theirs:
        show("")
        tell(say(N_("The provider makes the new secret, and shows it: write it in place of …")))
        return
    scheme, _separator, rest = settings.public_url.partition("://")
    show("")
    tell(say(N_("Then give this address to the provider:")))
    show(f"\n    {scheme}://pli:{new}@{rest}/hooks/{name}")
