"""The relays of the settings, made at the roof: their addresses, and a courier for each."""

from __future__ import annotations

from collections.abc import Iterable

from commands.common import Installation, tell
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
    """Every relay by its name, in order; or one RelayError with a line for each that is wrong."""
    urls = {MAIN: settings.relay_url} | {name: it.url for name, it in settings.relays.items()}
    found: dict[str, Relay] = {}
    faults: list[Sentence] = []
    for name, url in urls.items():
        try:
            found[name] = Relay.parse(url, name)
        except RelayError as error:
            faults += error.sentences
    if faults:
        raise RelayError.listing(faults)
    return found


def failover(settings: Settings, observer: Observer = UNOBSERVED) -> RelayFailover:
    """A courier for each relay."""
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
    """How many at once to one relay."""
    own = settings.relays[name].connections if name in settings.relays else None
    return own or settings.relay_connections


def all_connections(settings: Settings) -> int:
    """How many at once to all relays together."""
    return sum(connections(settings, name) for name in (MAIN, *settings.relays))


def messages_per_connection(settings: Settings, name: str) -> int:
    """How many before a connection to one relay is ended."""
    own = settings.relays[name].messages_per_connection if name in settings.relays else None
    return own or settings.relay_messages_per_connection


def unknown(settings: Settings, names: Iterable[str]) -> list[str]:
    """Which of these names are no relay's."""
    return [name for name in names if name != MAIN and name not in settings.relays]


async def greet(installation: Installation, lists: Iterable[List]) -> None:
    """See, before anything is written, that each list has a relay that answers.

    One that does not, while another stands in for it, is told; so is one that there is not.
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
