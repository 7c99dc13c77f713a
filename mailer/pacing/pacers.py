"""One pacer for each relay: each relay has limits, shares and throttles of its own."""

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
    """The pacers of all relays."""

    def __init__(
        self, database: Database, failover: RelayFailover, known: Mapping[str, Pacer] | None = None
    ) -> None:
        """`known`: the pacers of relays with limits, by the relay's name in the settings."""
        self._of = {
            courier.relay: (known or {}).get(name) or Pacer(database, Plan(courier.relay), courier)
            for name, courier in failover.couriers.items()
        }

    def __iter__(self) -> Iterator[Pacer]:
        return iter(self._of.values())

    def of(self, courier: Courier) -> Pacer:
        """The pacer of a courier's relay."""
        return self._of[courier.relay]

    def at(self, relay: str) -> Pacer:
        """The pacer of a relay, by the relay's name in attempts."""
        return self._of[relay]

    def attend(
        self,
        *,
        rates: Callable[[str, str], float],
        on_slowed: Callable[[str, str], None],
        on_share: Callable[[], None],
    ) -> None:
        """Connect all pacers to an engine.

        `rates` and `on_slowed` are called with the relay, then the provider.
        """
        for relay, pacer in self._of.items():
            pacer.measure(partial(rates, relay))
            pacer.on_slowed = partial(on_slowed, relay)
            pacer.on_share = on_share

    def want(self, wanted: Mapping[str, Collection[str]]) -> None:
        """Ask for a share of these providers, by relay, because there is work for them."""
        for relay, providers in wanted.items():
            self._of[relay].want(providers)

    async def run(self) -> None:
        """Run all pacers until `end`."""
        await asyncio.gather(*(it.run() for it in self))

    def end(self) -> None:
        """Stop all pacers; called when nothing is sent any more, and nothing is on the wire."""
        for pacer in self:
            pacer.end()
