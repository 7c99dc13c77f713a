"""Makes the relays of the settings, and a courier for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from commands.common import Installation, tell
from commands.policy import identity_of
from mailer.bounces.relays.kinds import KINDS
from mailer.engine.gate import no_relay
from mailer.smtp.delivery_notices import NOTIFY
from mailer.smtp.failover import RelayFailover
from mailer.smtp.observer import UNOBSERVED, Observer
from mailer.smtp.relay import (
    GREETING_SECONDS,
    PATIENT_SECONDS,
    Relay,
    RelayError,
    RelayTimeout,
)
from mailer.smtp.smtp_courier import SMTPCourier
from pli.language import N_, Sentence, say
from pli.relay_names import MAIN
from pli.settings import Settings
from pli.settings_tables import HookSettings
from subscribers.models import List

TOLD_SECONDS = 3.0
"""A person who waits for longer is told for what."""


def of(settings: Settings) -> dict[str, Relay]:
    """Every relay by its name, in order; else one RelayError with the faults of all URLs."""
    urls = {MAIN: settings.relay_url} | {name: it.url for name, it in settings.relays.items()}
    domain = identity_of(settings).domain
    found: dict[str, Relay] = {}
    faults: list[Sentence] = []
    for name, url in urls.items():
        try:
            own = settings.relays.get(name)
            found[name] = replace(
                Relay.parse(url, name),
                ehlo_names=tuple(
                    it for it in ((own and own.ehlo_name) or settings.relay_ehlo_name, domain) if it
                ),
                envelope_sender=_envelope_sender(settings, name),
                mark_header=_mark_header(settings, name),
                notify=NOTIFY[settings.dsn],
            )
        except RelayError as error:
            faults += error.sentences
    if faults:
        raise RelayError.listing(faults)
    return found


def failover(settings: Settings, observer: Observer = UNOBSERVED) -> RelayFailover:
    """The failover over all relays, with a courier for each."""
    relays = of(settings)
    return RelayFailover(
        {
            name: SMTPCourier(
                relay,
                connections=connections(settings, name),
                messages_per_connection=messages_per_connection(settings, name),
                observer=observer,
            )
            for name, relay in relays.items()
        },
        probes={name: relay.greet for name, relay in relays.items()},
    )


def connections(settings: Settings, name: str) -> int:
    """How many connections to one relay may be open at once."""
    own = settings.relays[name].connections if name in settings.relays else None
    return own or settings.relay_connections


def all_connections(settings: Settings) -> int:
    """How many at once to all relays together."""
    return sum(connections(settings, name) for name in (MAIN, *settings.relays))


def messages_per_connection(settings: Settings, name: str) -> int:
    """How many messages one connection to a relay carries before it is ended."""
    own = settings.relays[name].messages_per_connection if name in settings.relays else None
    return own or settings.relay_messages_per_connection


def _envelope_sender(settings: Settings, name: str) -> str:
    """The main relay's is an agreement about that relay alone."""
    if name in settings.relays:
        return settings.relays[name].envelope_sender
    return settings.relay_envelope_sender


def hook_of(settings: Settings, name: str) -> HookSettings:
    """What a relay is told to tell us, and by which header it knows a copy."""
    if name in settings.relays:
        return settings.relays[name]
    return HookSettings(
        kind=settings.relay_kind,
        mark_header=settings.relay_mark_header,
        hook_secret=settings.relay_hook_secret,
        hook_former=settings.relay_hook_former,
        hook_former_until=settings.relay_hook_former_until,
        hook_topic=settings.relay_hook_topic,
    )


def _mark_header(settings: Settings, name: str) -> str:
    """The header by which a relay's events name a copy: the one set, else that of its kind."""
    its = hook_of(settings, name)
    return its.mark_header or (KINDS[its.kind].mark_header if its.kind else "")


@asynccontextmanager
async def waiting_is_told(relay: Relay, seconds: float) -> AsyncIterator[None]:
    """While a relay lets us wait for its greeting, say so, and for how long one waits at most."""

    def told() -> None:
        tell(
            say(
                N_("The relay {relay} has not greeted yet: waiting, {n} s at most."),
                relay=relay.name,
                n=f"{seconds:.0f}",
            ),
            stderr=True,
        )

    timer = asyncio.get_running_loop().call_later(TOLD_SECONDS, told)
    try:
        yield
    finally:
        timer.cancel()


def unknown(settings: Settings, names: Iterable[str]) -> list[str]:
    """The names among these that no relay has."""
    return [name for name in names if name != MAIN and name not in settings.relays]


class _Greetings:
    """Which relays have greeted us, and why others have not."""

    def __init__(self, relays: Mapping[str, Relay]) -> None:
        self.failed: dict[str, RelayError] = {}
        self._relays = relays
        self._well: set[str] = set()

    async def any_of(self, order: Sequence[str]) -> bool:
        """Whether one of these relays greets; one that is slow gets its time if no other does."""
        for name in order:
            if name not in self._well and name not in self.failed:
                await self._ask(name, PATIENT_SECONDS if len(order) == 1 else GREETING_SECONDS)
            if name in self._well:
                return True
        for name in order:
            if isinstance(self.failed[name], RelayTimeout) and len(order) > 1:
                await self._ask(name, PATIENT_SECONDS)
            if name in self._well:
                return True
        return False

    async def _ask(self, name: str, seconds: float) -> None:
        try:
            async with waiting_is_told(self._relays[name], seconds):
                await self._relays[name].greet(seconds)
        except RelayError as error:
            self.failed[name] = error
        else:
            self._well.add(name)
            self.failed.pop(name, None)


async def greet(installation: Installation, lists: Iterable[List]) -> None:
    """Check that each list has a relay that answers, before anything is written.

    A relay that does not answer is told to the person if another stands in for it. So is a relay
    that a list names and the settings do not.
    """
    relays = of(installation.settings)
    greetings = _Greetings(relays)
    for list_ in lists:
        order = [name for name in list_.relays or relays if name in relays]
        if not order:
            raise RelayError.listing([no_relay(list_.name, list_.relays)])
        if strangers := unknown(installation.settings, list_.relays):
            tell(no_relay(list_.name, strangers), stderr=True)
        if not await greetings.any_of(order):
            failed = greetings.failed
            raise RelayError.listing(it for name in order for it in failed[name].sentences)
    for fault in greetings.failed.values():
        tell(say(N_("Another relay stands in: {reason}"), reason=fault.sentences[0]), stderr=True)
