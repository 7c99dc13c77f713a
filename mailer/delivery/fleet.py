"""The relays of a house in their order: which one a taking goes to, and which ones rest.

A relay that cannot be used rests, longer each time; what it had in hand goes to the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mailer.delivery.couriers import Copy, Courier
from mailer.delivery.windows import boot_time
from pli.language import N_, Sentence, say
from pli.settings import MAIN

REST_SECONDS = 30.0
LONGEST_REST_SECONDS = 600.0


@dataclass(slots=True)
class Berth:
    """One relay's place: its courier, and how it last failed. Seconds of `boot_time`."""

    courier: Courier
    until: float = float("-inf")
    rest: float = 0.0
    why: Sentence | None = None


class Fleet:
    """One courier for each relay, in the settings' order; belongs to one event loop."""

    def __init__(
        self,
        couriers: Mapping[str, Courier],
        *,
        rest: float = REST_SECONDS,
        longest: float = LONGEST_REST_SECONDS,
        clock: Callable[[], float] = boot_time,
    ) -> None:
        self._berths = {name: Berth(courier) for name, courier in couriers.items()}
        self._rest = rest
        self._longest = longest
        self._clock = clock
        self.on_trouble: Callable[[Courier], None] = lambda _: None
        """Called when a relay begins to rest, before its copies come back."""
        for berth in self._berths.values():
            berth.courier.on_trouble = self._trouble_of(berth)

    @classmethod
    def of(cls, carrier: Courier | Fleet) -> Fleet:
        """A fleet, also of one courier alone."""
        return carrier if isinstance(carrier, Fleet) else cls({MAIN: carrier})

    def choose(self, order: Sequence[str] = ()) -> Courier | None:
        """The first of these relays that does not rest, of all if none is named; None: none is.

        If all of them rest they are all called: somebody has looked, and lets the work go on.
        """
        asked = self._asked(order)
        if asked and all(self._resting(berth) for berth in asked):
            for berth in asked:
                berth.until = self._clock()
        return next((it.courier for it in asked if not self._resting(it)), None)

    def rests(self, courier: Courier) -> bool:
        """Whether this one is not to be used now."""
        return any(it.courier is courier and self._resting(it) for it in self._berths.values())

    def nothing_left(self, order: Sequence[str] = ()) -> Sentence | None:
        """Why none of these relays can be used now; None: one can."""
        reasons = [it.why for it in self._asked(order) if self._resting(it) and it.why]
        if len(reasons) < len(self._asked(order)):
            return None
        told, *others = reasons
        for other in others:
            told = say(N_("{first}; {second}"), first=told, second=other)
        return told

    def resting(self) -> dict[str, bool]:
        """Each relay's name, and whether it rests."""
        return {name: self._resting(berth) for name, berth in self._berths.items()}

    def recall(self, wanted: Callable[[Copy], bool]) -> None:
        """Give back those wanted copies that are on no wire yet."""
        for berth in self._berths.values():
            berth.courier.recall(wanted)

    async def close(self, patience: float) -> None:
        """Stop all of them; what is on the wire may still be answered for `patience` seconds."""
        await asyncio.gather(*(it.courier.close(patience) for it in self._berths.values()))

    def _asked(self, order: Sequence[str]) -> list[Berth]:
        return [self._berths[name] for name in order or self._berths if name in self._berths]

    def _resting(self, berth: Berth) -> bool:
        return self._clock() < berth.until

    def _trouble_of(self, berth: Berth) -> Callable[[Sentence], None]:
        def trouble(why: Sentence) -> None:
            now = self._clock()
            berth.why = why
            # Several of its connections may tell the same trouble: that is one.
            if now >= berth.until:
                # One that was well for longer than it had rested begins anew.
                well = now - berth.until > berth.rest
                berth.rest = self._rest if well else min(2 * berth.rest, self._longest)
                berth.until = now + berth.rest
            self.on_trouble(berth.courier)

        return trouble
