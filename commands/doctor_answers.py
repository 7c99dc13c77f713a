"""The doctor's checks of the doors: what came in so far, and whether a mail comes in now."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from commands import relays
from commands.doors import refused_answers
from commands.relays import hook_of
from mailer.intake import checkup, probes
from mailer.intake.checkup import Expected
from mailer.sender import Identity
from mailer.smtp import relay_checkup
from pli.checks import Check
from pli.database import Database
from pli.keys import Keys
from pli.relay_names import MAIN
from pli.settings import Settings


async def look(
    database: Database, values: Settings, ring: Keys | None, identity: Identity, *, probe: bool
) -> list[Check]:
    """Check the doors; with `probe`, send a mail to our own return path, and wait for it."""
    names = (MAIN, *values.relays)
    expected = Expected(
        identity.domain,
        listen=values.intake_listen,
        refused=refused_answers(values, identity.domain) if values.intake_listen else "",
        mailboxes=tuple(values.intake),
        hooks=tuple(it for it in names if hook_of(values, it).kind),
    )
    found: list[Check] = []
    if probe and ring is not None and values.relay_url and identity.mailbox is not None:
        mark = probes.new_mark()
        to = probes.address(ring, values.public_url, identity.domain)
        relay = relays.of(values)[MAIN]
        mail = probes.mail(
            sender=identity.from_address,
            to=to,
            mark=mark,
            now=datetime.now(UTC),
            mark_header=relay.mark_header,
        )
        # With an empty return path, as a bounce has: nobody answers it.
        send = partial(relay_checkup.send_raw, relay, "", to, mail)
        found.append(await checkup.arrives(database, mark, send, expected))
    async with database.reading() as session:
        return found + await checkup.check(session, expected)
