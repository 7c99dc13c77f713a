"""Failover between relays: which relay a batch goes to, and which relays are passed over.

If a relay cannot be used, its copies go to the next relay of their list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from mailer.smtp.circuit_breaker import CircuitBreaker, Probe
from mailer.smtp.courier import Copy, Courier
from pli.clocks import boot_time
from pli.language import N_, Sentence, say
from pli.relay_names import MAIN

OPEN_SECONDS = 30.0
FIRST_SECONDS = 5.0
"""The first rest of a relay that all copies wait for."""
LONGEST_OPEN_SECONDS = 600.0


class RelayFailover:
    """One courier for each relay, in the order of the settings; belongs to one event loop."""

    def __init__(
        self,
        couriers: Mapping[str, Courier],
        *,
        probes: Mapping[str, Probe] | None = None,
        open_seconds: float = OPEN_SECONDS,
        first_seconds: float = FIRST_SECONDS,
        longest: float = LONGEST_OPEN_SECONDS,
        clock: Callable[[], float] = boot_time,
    ) -> None:
        """`…_seconds` and `longest`: see `CircuitBreaker`. `clock` counts seconds."""
        self._breakers = {
            name: CircuitBreaker(
                courier,
                (probes or {}).get(name),
                open_seconds=open_seconds,
                first_seconds=first_seconds,
                longest=longest,
                clock=clock,
            )
            for name, courier in couriers.items()
        }
        self.on_trouble: Callable[[Courier, Sentence], None] = lambda *_: None
        """Called when a relay cannot be used, before its copies are given back."""
        self.on_files_full: Callable[[Sentence], None] = lambda _: None
        """Called when a relay cannot be dialled because no file can be opened."""
        self.needed: Callable[[Courier], bool] = lambda _: False
        """Asked whether a relay has copies that no other relay can take."""
        self.on_open: Callable[[str], None] = lambda _: None
        self.on_close: Callable[[str], None] = lambda _: None
        """Called with the relay's name when its circuit opens, and when a probe has closed it."""
        for name, breaker in self._breakers.items():
            breaker.courier.on_trouble = self._trouble_of(breaker, refused=False)
            breaker.courier.on_refusal = self._trouble_of(breaker, refused=True)
            breaker.courier.on_doubt = self._trouble_of(breaker, refused=True, in_doubt=True)
            breaker.courier.on_files_full = self._tell_of_full_files
            breaker.courier.patient = self._patience_of(breaker)
            breaker.stands_alone = self._loneliness_of(breaker)
            breaker.on_open = self._opening_of(name)
            breaker.on_close = self._closing_of(name)

    @classmethod
    def of(cls, carrier: Courier | RelayFailover) -> RelayFailover:
        """A RelayFailover for one courier alone; a RelayFailover is returned as it is."""
        return carrier if isinstance(carrier, RelayFailover) else cls({MAIN: carrier})

    @property
    def couriers(self) -> Mapping[str, Courier]:
        """Each relay's courier, by the relay's name in the settings, in their order."""
        return {name: breaker.courier for name, breaker in self._breakers.items()}

    @property
    def breakers(self) -> Mapping[str, CircuitBreaker]:
        """Each relay's circuit breaker, by the relay's name in the settings."""
        return self._breakers

    def likely(self, order: Sequence[str] = ()) -> Courier | None:
        """The courier that `choose` would return now; this changes no circuit."""
        asked = self._asked(order)
        usable = (it.courier for it in asked if it.usable)
        return next(usable, asked[0].courier if asked else None)

    def choose(self, order: Sequence[str] = ()) -> Courier | None:
        """The courier of the first usable relay of `order`, or of all relays if `order` is empty.

        None if the settings have no such relay (`knows`), or if none is usable: its copies wait. A
        half-open relay is probed in the background, so that no copy waits for the probe.
        """
        for breaker in self._asked(order):
            if breaker.usable:
                return breaker.courier
            breaker.probe()
        return None

    def knows(self, order: Sequence[str] = ()) -> bool:
        """Whether the settings have any of these relays."""
        return bool(self._asked(order))

    def waits(self, order: Sequence[str] = ()) -> bool:
        """Whether the settings have some of these relays, and none of those can be used now."""
        asked = self._asked(order)
        return bool(asked) and not any(it.usable for it in asked)

    def hindrance(self, order: Sequence[str] = ()) -> Sentence | None:
        """Why none of these relays can be used; None if one can, or is to be tried at once."""
        asked = self._asked(order)
        if not self.waits(order) or any(it.to_be_tried for it in asked):
            return None
        return _joined([it.why for it in asked if it.why])

    def probe(self) -> None:
        """Probe every half-open relay in the background."""
        for breaker in self._breakers.values():
            breaker.probe()

    def hurry(self, order: Sequence[str] = ()) -> None:
        """Probe these relays at once, whatever is left of their rests."""
        for breaker in self._asked(order):
            breaker.hurry()
            breaker.probe()

    def worked(self, courier: Courier) -> None:
        """This courier's relay has answered a copy."""
        for breaker in self._breakers.values():
            if breaker.courier is courier:
                breaker.worked()

    def usable(self, courier: Courier) -> bool:
        """Whether copies may go to this courier now."""
        return all(it.usable for it in self._breakers.values() if it.courier is courier)

    def another(self, courier: Courier, order: Sequence[str] = ()) -> bool:
        """Whether another of these relays could be used instead of this courier's relay."""
        return any(it.courier is not courier and it.usable for it in self._asked(order))

    def unusable(self) -> dict[str, bool]:
        """Each relay's name, and whether the relay is passed over."""
        return {name: not breaker.usable for name, breaker in self._breakers.items()}

    def recall(self, wanted: Callable[[Copy], bool]) -> None:
        """Give back the copies that `wanted` chooses and that are not on the wire yet."""
        for breaker in self._breakers.values():
            breaker.courier.recall(wanted)

    async def close(self, patience: float) -> None:
        """Stop all couriers; copies on the wire may still be answered for `patience` seconds."""
        probing = [it.probing for it in self._breakers.values() if it.probing]
        for task in probing:
            task.cancel()
        await asyncio.gather(
            *(it.courier.close(patience) for it in self._breakers.values()),
            *(asyncio.wait([task]) for task in probing),
        )

    def _asked(self, order: Sequence[str]) -> list[CircuitBreaker]:
        return [self._breakers[name] for name in order or self._breakers if name in self._breakers]

    def _trouble_of(
        self, breaker: CircuitBreaker, *, refused: bool, in_doubt: bool = False
    ) -> Callable[[Sentence], None]:
        def trouble(why: Sentence) -> None:
            breaker.open(why, refused=refused, in_doubt=in_doubt)
            self.on_trouble(breaker.courier, why)

        return trouble

    def _tell_of_full_files(self, why: Sentence) -> None:
        self.on_files_full(why)

    def _patience_of(self, breaker: CircuitBreaker) -> Callable[[], bool]:
        def patient() -> bool:
            return not self.another(breaker.courier) or self.needed(breaker.courier)

        return patient

    def _loneliness_of(self, breaker: CircuitBreaker) -> Callable[[], bool]:
        return lambda: not self.another(breaker.courier)

    def _opening_of(self, name: str) -> Callable[[], None]:
        return lambda: self.on_open(name)

    def _closing_of(self, name: str) -> Callable[[], None]:
        return lambda: self.on_close(name)


def _joined(reasons: Sequence[Sentence]) -> Sentence | None:
    told: Sentence | None = None
    for reason in reasons:
        told = say(N_("{first}; {second}"), first=told, second=reason) if told else reason
    return told
