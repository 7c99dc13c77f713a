"""The relays of a house in their order: which one a taking goes to, and which ones rest.

A relay that cannot be used rests, longer each time; what it had in hand goes to the next one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from mailer.smtp.courier import Copy, Courier
from mailer.smtp.relay import RelayError
from pli.clocks import boot_time
from pli.language import N_, Sentence, say
from pli.relay_names import MAIN

log = logging.getLogger("pli.delivery")

REST_SECONDS = 30.0
LONGEST_REST_SECONDS = 600.0

Probe = Callable[[], Awaitable[None]]
"""Looks whether a relay is there again; RelayError if it is not."""


@dataclass(slots=True)
class CircuitBreaker:
    """One relay's place: its courier, and how it last failed. Seconds of `boot_time`."""

    courier: Courier
    probe: Probe | None = None
    until: float = float("-inf")
    rest: float = 0.0
    why: Sentence | None = None
    """Why it rests, or is not yet known to be well again."""
    looking: asyncio.Task[None] | None = None


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
        self._breakers = {
            name: CircuitBreaker(courier, (probes or {}).get(name))
            for name, courier in couriers.items()
        }
        self._rest = rest
        self._longest = longest
        self._clock = clock
        self.on_trouble: Callable[[Courier, Sentence], None] = lambda *_: None
        """Called when a relay begins to rest, before its copies come back."""
        self.needed: Callable[[Courier], bool] = lambda _: False
        """Asked whether something that this relay has in hand can go by no other one."""
        for breaker in self._breakers.values():
            breaker.courier.on_trouble = self._trouble_of(breaker)
            breaker.courier.patient = self._patience_of(breaker)

    @classmethod
    def of(cls, carrier: Courier | RelayFailover) -> RelayFailover:
        """A failover, also of one courier alone."""
        return carrier if isinstance(carrier, RelayFailover) else cls({MAIN: carrier})

    @property
    def couriers(self) -> Mapping[str, Courier]:
        """Each relay's, by the relay's name in the settings, in their order."""
        return {name: breaker.courier for name, breaker in self._breakers.items()}

    def likely(self, order: Sequence[str] = ()) -> Courier | None:
        """The one that `choose` would name now; nothing follows from asking."""
        asked = self._asked(order)
        well = (it.courier for it in asked if not self._rests(it))
        return next(well, asked[0].courier if asked else None)

    def choose(self, order: Sequence[str] = ()) -> Courier | None:
        """The first of these relays that does not rest, of all if none is named; None: none is.

        If all of them rest they are all called: somebody has looked, and lets the work go on. One
        whose rest is over is looked at beside, as long as another stands in: no copy waits for it.
        """
        asked = self._asked(order)
        if asked and all(self._rests(breaker) for breaker in asked):
            for breaker in asked:
                breaker.until, breaker.why = self._clock(), None
        for breaker in asked:
            if not self._rests(breaker):
                return breaker.courier
            if breaker.looking is None and breaker.probe and self._clock() >= breaker.until:
                breaker.looking = asyncio.get_running_loop().create_task(self._look(breaker))
        return None

    def rests(self, courier: Courier) -> bool:
        """Whether this one is not to be used now."""
        return any(it.courier is courier and self._rests(it) for it in self._breakers.values())

    def another(self, courier: Courier, order: Sequence[str] = ()) -> bool:
        """Whether one of these relays could be used instead of this one."""
        return any(it.courier is not courier and not self._rests(it) for it in self._asked(order))

    def nothing_left(self, order: Sequence[str] = ()) -> Sentence | None:
        """Why none of these relays can be used now; None: one can, or may be well again."""
        now = self._clock()
        reasons = [it.why for it in self._asked(order) if now < it.until and it.why]
        if not reasons or len(reasons) < len(self._asked(order)):
            return None
        told, *others = reasons
        for other in others:
            told = say(N_("{first}; {second}"), first=told, second=other)
        return told

    def resting(self) -> dict[str, bool]:
        """Each relay's name, and whether it rests."""
        return {name: self._rests(breaker) for name, breaker in self._breakers.items()}

    def recall(self, wanted: Callable[[Copy], bool]) -> None:
        """Give back those wanted copies that are on no wire yet."""
        for breaker in self._breakers.values():
            breaker.courier.recall(wanted)

    async def close(self, patience: float) -> None:
        """Stop all of them; what is on the wire may still be answered for `patience` seconds."""
        looking = [it.looking for it in self._breakers.values() if it.looking]
        for task in looking:
            task.cancel()
        await asyncio.gather(
            *(it.courier.close(patience) for it in self._breakers.values()),
            *(asyncio.wait([task]) for task in looking),
        )

    def _asked(self, order: Sequence[str]) -> list[CircuitBreaker]:
        return [self._breakers[name] for name in order or self._breakers if name in self._breakers]

    def _rests(self, breaker: CircuitBreaker) -> bool:
        over = self._clock() >= breaker.until
        return not over or (breaker.why is not None and breaker.probe is not None)

    async def _look(self, breaker: CircuitBreaker) -> None:
        """See whether one that has rested is well; if not, it rests for longer."""
        assert breaker.probe is not None
        try:
            await breaker.probe()
        except RelayError as error:
            self._send_to_rest(breaker, error.sentences[0])
        except Exception:
            # Whatever else goes wrong in a library below: it is not well, as before.
            self._send_to_rest(breaker, breaker.why)
        else:
            breaker.until, breaker.why = self._clock(), None
        finally:
            breaker.looking = None

    def _send_to_rest(self, breaker: CircuitBreaker, why: Sentence | None) -> None:
        now = self._clock()
        breaker.why = why
        # Several of its connections may tell the same trouble: that is one.
        if now >= breaker.until:
            # One that was well for longer than it had rested begins anew.
            well = now - breaker.until > breaker.rest
            breaker.rest = self._rest if well else min(2 * breaker.rest, self._longest)
            breaker.until = now + breaker.rest
            log.warning(
                "relay.rests",
                extra={
                    "relay": breaker.courier.relay,
                    "seconds": round(breaker.rest),
                    "reason": str(why),
                },
            )

    def _trouble_of(self, breaker: CircuitBreaker) -> Callable[[Sentence], None]:
        def trouble(why: Sentence) -> None:
            self._send_to_rest(breaker, why)
            self.on_trouble(breaker.courier, why)

        return trouble

    def _patience_of(self, breaker: CircuitBreaker) -> Callable[[], bool]:
        def patient() -> bool:
            return not self.another(breaker.courier) or self.needed(breaker.courier)

        return patient
