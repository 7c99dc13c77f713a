"""Makes the relays of the settings, and a courier for each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from commands.common import Installation, tell
from commands.policy import identity_of
from mailer.engine.gate import no_relay
from mailer.smtp.failover import RelayFailover
from mailer.smtp.observer import UNOBSERVED, Observer
from mailer.smtp.relay import Relay, RelayError
from mailer.smtp.smtp_courier import SMTPCourier
from pli.language import N_, Sentence, say
from pli.relay_names import MAIN
from pli.settings import Settings
from subscribers.models import List


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
                ehlo_name=(own and own.ehlo_name) or settings.relay_ehlo_name or domain,
                envelope_sender=_envelope_sender(settings, name),
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


def messages_per_connection(settings: Settings, name: str) -> int:
    """How many messages one connection to a relay carries before it is ended."""
    own = settings.relays[name].messages_per_connection if name in settings.relays else None
    return own or settings.relay_messages_per_connection


def _envelope_sender(settings: Settings, name: str) -> str:
    """The main relay's is an agreement about that relay alone."""
    if name in settings.relays:
        return settings.relays[name].envelope_sender
    return settings.relay_envelope_sender


def unknown(settings: Settings, names: Iterable[str]) -> list[str]:
    """The names among these that no relay has."""
    return [name for name in names if name != MAIN and name not in settings.relays]


async def greet(installation: Installation, lists: Iterable[List]) -> None:
    """Check that each list has a relay that answers, before anything is written.

    A relay that does not answer is told to the person if another stands in for it. So is a relay
    that a list names and the settings do not.
    """
    relays = of(installation.settings)
    failed: dict[str, RelayError] = {}
    well: set[str] = set()
    for list_ in lists:
        order = [name for name in list_.relays or relays if name in relays]
        if not order:
            raise RelayError.listing([no_relay(list_.name, list_.relays)])
        if strangers := unknown(installation.settings, list_.relays):
            tell(no_relay(list_.name, strangers), stderr=True)
        for name in order:
            if name not in well and name not in failed:
                try:
                    await relays[name].greet()
                except RelayError as error:
                    failed[name] = error
                else:
                    well.add(name)
            if name in well:
                break
        else:
            raise RelayError.listing(it for name in order for it in failed[name].sentences)
    for fault in failed.values():
        tell(say(N_("Another relay stands in: {reason}"), reason=fault.sentences[0]), stderr=True)
