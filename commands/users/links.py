"""Links to come in by, as they are shown where somebody made one."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from accounts import links
from accounts.links import Made
from accounts.models import Account
from commands.common import Installation, now, show, tell
from pli.actor import Actor
from pli.hours import Hour
from pli.language import N_, say


def require_an_address(installation: Installation) -> None:
    """A link has to lead somewhere."""
    if not installation.settings.office_url:
        installation.settings.require("public_url")


async def link(session: AsyncSession, account: Account, by: Actor) -> Made:
    """Make a link for somebody whose account is not closed."""
    made = await links.hand_out(session, account_id=account.id, by=by, now=now())
    assert made is not None
    return made


def show_link(installation: Installation, made: Made) -> None:
    """Show a link, and until when it works."""
    until = Hour(made.until, installation.settings.timezone)
    tell(say(N_("This link works once, until {hour}:"), hour=until))
    show(links.url(installation.settings.office_at, made.token))


def as_document(installation: Installation, account: Account, made: Made) -> dict[str, object]:
    """A link and whom it lets in, for JSON."""
    return {
        "id": account.id,
        "address": account.address,
        "name": account.name,
        "link": links.url(installation.settings.office_at, made.token),
        "until": made.until,
    }
