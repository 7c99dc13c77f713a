"""One pacer for each relay: a relay has limits, shares and throttles of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

from mailer.pacing.limits import Plan
from mailer.pacing.pacer import Pacer
from mailer.smtp.courier import Courier
from mailer.smtp.failover import RelayFailover
from pli.database import Database


class Pacers:
    """Each courier's pacer, by its relay."""

    def __init__(
        self, database: Database, failover: RelayFailover, known: Mapping[str, Pacer] | None = None
    ) -> None:
        """`known`: those of relays, by their name in the settings, that have limits."""
        self._of = {
            courier.relay: (known or {}).get(name) or Pacer(database, Plan(courier.relay), courier)
            for name, courier in failover.couriers.items()
        }

    def __iter__(self) -> Iterator[Pacer]:
        return iter(self._of.values())

    def of(self, courier: Courier) -> Pacer:
        """Whom to ask before something is claimed for this one."""
        return self._of[courier.relay]

    def at(self, relay: str) -> Pacer:
        """The same by a relay's name in attempts."""
        return self._of[relay]

    def attend(
        self,
        *,
        rates: Callable[[str, str], float],
        on_slowed: Callable[[str, str], None],
        on_share: Callable[[], None],
    ) -> None:
        """Tie them to an engine; what is called gets the relay, then the provider."""
        for relay, pacer in self._of.items():
            pacer.measure(partial(rates, relay))
            pacer.on_slowed = partial(on_slowed, relay)
            pacer.on_share = on_share

    def want(self, wanted: Mapping[str, Collection[str]]) -> None:
        """There is work: for these providers, by relay."""
        for relay, providers in wanted.items():
            self._of[relay].want(providers)

    async def run(self) -> None:
        """All of them, until `end`."""
        await asyncio.gather(*(it.run() for it in self))

    def end(self) -> None:
        """Nothing is sent any more, and nothing is on the wire."""
        for pacer in self:
            pacer.end()
