"""The doctor's checks of the relays: each relay, and whether every list has one that works."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from commands import relays
from mailer.engine.gate import no_relay
from mailer.sender import Mailbox
from mailer.smtp import relay_checkup
from mailer.smtp.relay import Relay
from pli.checks import Check, State, stops_a_sending, warn, wrong
from pli.language import N_, say
from pli.relay_names import MAIN
from pli.settings import Settings
from subscribers import lists

Found = Mapping[str, Sequence[Check]]
"""The checks of each relay, by the relay's name."""


async def look(
    settings: Settings, mail_from: str, writer: Mailbox, address: str | None
) -> dict[str, list[Check]]:
    """Connect to every relay and check it; send a message to `address` by each that works."""
    of = relays.of(settings)

    async def one(relay: Relay) -> list[Check]:
        async with relays.waiting_is_told(relay, relay_checkup.CHECKED_SECONDS):
            found = await relay_checkup.check(relay, mail_from, writer.address)
        if address is not None and not stops_a_sending(found):
            language = settings.language
            found.append(await relay_checkup.send(relay, mail_from, writer, address, language))
        return found

    found = await asyncio.gather(*(one(relay) for relay in of.values()))
    return dict(zip(of, found, strict=True))


def broken(found: Found) -> set[str]:
    """The relays by which nothing can be sent."""
    return {name for name, checks in found.items() if stops_a_sending(checks)}


def told(found: Found) -> list[Check]:
    """All checks of the relays in one list; an error becomes a warning while another relay works.

    The names of further relays stand in the names of their checks.
    """
    softened = broken(found) != set(found)
    return [
        replace(
            check,
            name=check.name if name == MAIN else check.name.replace("relay.", f"relay.{name}.", 1),
            state=State.WARNING if softened and check.state is State.ERROR else check.state,
        )
        for name, checks in found.items()
        for check in checks
    ]


async def lists_without(
    session: AsyncSession, settings: Settings, broken: Collection[str]
) -> list[Check]:
    """A check for each list that names an unknown relay, or only relays that do not work."""
    checks = []
    for list_ in await lists.everything(session):
        strangers = relays.unknown(settings, list_.relays)
        known = [name for name in list_.relays if name not in strangers]
        if strangers:
            say_so = warn if known else wrong
            checks.append(say_so("lists", no_relay(list_.name, strangers)))
        if known and all(name in broken for name in known):
            checks.append(
                wrong(
                    "lists",
                    say(
                        N_("the list {name} goes by {relays} alone, which cannot be used now"),
                        name=list_.name,
                        relays=", ".join(known),
                    ),
                    say(
                        N_('see what is said of them, or name another: "pli list edit {name}"'),
                        name=list_.name,
                    ),
                )
            )
    return checks
