"""Several relays in their order: which one a batch goes to, and which ones are passed over.

What a relay that cannot be used had in hand goes to the next one of its list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from mailer.smtp.circuit_breaker import Circuit, CircuitBreaker, Probe
from mailer.smtp.courier import Copy, Courier
from pli.clocks import boot_time
from pli.language import N_, Sentence, say
from pli.relay_names import MAIN

REST_SECONDS = 30.0
LONGEST_REST_SECONDS = 600.0


class RelayFailover:
    """One courier for each relay, in the settings' order; belongs to one event loop."""

    def __init__(
        self,
        couriers: Mapping[str, Courier],
        *,
        probes: Mapping[str, Probe] | None = None,
        rest: float = REST_SECONDS,
        longest: float = LONGEST_REST_SECONDS,
        clock: Callable[[], float] = boot_time,
    ) -> None:
        """`clock` counts seconds."""
        self._breakers = {
            name: CircuitBreaker(
                courier, (probes or {}).get(name), rest=rest, longest=longest, clock=clock
            )
            for name, courier in couriers.items()
        }
        self.on_trouble: Callable[[Courier, Sentence], None] = lambda *_: None
        """Called when a relay cannot be used, before its copies come back."""
        self.needed: Callable[[Courier], bool] = lambda _: False
        """Asked whether something that this relay has in hand can go by no other one."""
        for breaker in self._breakers.values():
            breaker.courier.on_trouble = self._trouble_of(breaker)
            breaker.courier.patient = self._patience_of(breaker)

    @classmethod
    def of(cls, carrier: Courier | RelayFailover) -> RelayFailover:
        """Several relays, or one courier alone."""
        return carrier if isinstance(carrier, RelayFailover) else cls({MAIN: carrier})

    @property
    def couriers(self) -> Mapping[str, Courier]:
        """Each relay's courier, by the relay's name in the settings, in their order."""
        return {name: breaker.courier for name, breaker in self._breakers.items()}

    def likely(self, order: Sequence[str] = ()) -> Courier | None:
        """The courier that `choose` would name now; nothing follows from asking."""
        asked = self._asked(order)
        usable = (it.courier for it in asked if it.usable)
        return next(usable, asked[0].courier if asked else None)

    def choose(self, order: Sequence[str] = ()) -> Courier | None:
        """The first of these relays that can be used, of all if none is named; None: there is none.

        If none can be used all are closed again: a person has looked, and lets the work go on. A
        half-open one is probed beside, as long as another stands in: no copy waits for the probe.
        """
        asked = self._asked(order)
        if asked and not any(breaker.usable for breaker in asked):
            for breaker in asked:
                breaker.close()
        for breaker in asked:
            if breaker.usable:
                return breaker.courier
            breaker.probe()
        return None

    def usable(self, courier: Courier) -> bool:
        """Whether copies may go to this one now."""
        return all(it.usable for it in self._breakers.values() if it.courier is courier)

    def another(self, courier: Courier, order: Sequence[str] = ()) -> bool:
        """Whether one of these relays could be used instead of this one."""
        return any(it.courier is not courier and it.usable for it in self._asked(order))

    def nothing_left(self, order: Sequence[str] = ()) -> Sentence | None:
        """Why none of these relays can be used now; None: one can, or a probe may find so."""
        asked = self._asked(order)
        reasons = [it.why for it in asked if it.circuit is Circuit.OPEN and it.why]
        if not reasons or len(reasons) < len(asked):
            return None
        told, *others = reasons
        for other in others:
            told = say(N_("{first}; {second}"), first=told, second=other)
        return told

    def unusable(self) -> dict[str, bool]:
        """Each relay's name, and whether it is passed over."""
        return {name: not breaker.usable for name, breaker in self._breakers.items()}

    def recall(self, wanted: Callable[[Copy], bool]) -> None:
        """Give back those wanted copies that are on no wire yet."""
        for breaker in self._breakers.values():
            breaker.courier.recall(wanted)

    async def close(self, patience: float) -> None:
        """Stop all of them; what is on the wire may still be answered for `patience` seconds."""
        probing = [it.probing for it in self._breakers.values() if it.probing]
        for task in probing:
            task.cancel()
        await asyncio.gather(
            *(it.courier.close(patience) for it in self._breakers.values()),
            *(asyncio.wait([task]) for task in probing),
        )

    def _asked(self, order: Sequence[str]) -> list[CircuitBreaker]:
        return [self._breakers[name] for name in order or self._breakers if name in self._breakers]

    def _trouble_of(self, breaker: CircuitBreaker) -> Callable[[Sentence], None]:
        def trouble(why: Sentence) -> None:
            breaker.open(why)
            self.on_trouble(breaker.courier, why)

        return trouble

    def _patience_of(self, breaker: CircuitBreaker) -> Callable[[], bool]:
        def patient() -> bool:
            return not self.another(breaker.courier) or self.needed(breaker.courier)

        return patient
