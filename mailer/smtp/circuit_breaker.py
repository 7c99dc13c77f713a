"""A circuit breaker for one relay's courier: closed, open for a while, then half-open."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Awaitable, Callable

from mailer.smtp.courier import Courier
from mailer.smtp.relay import RelayError
from pli.language import Sentence

log = logging.getLogger("pli.delivery")

Probe = Callable[[], Awaitable[None]]
"""Checks whether a relay can be used again; RelayError if it cannot."""


class Circuit(enum.Enum):
    """CLOSED: the relay is used. OPEN: it is not. HALF_OPEN: a probe decides, no copy does."""

    CLOSED = enum.auto()
    OPEN = enum.auto()
    HALF_OPEN = enum.auto()


class CircuitBreaker:
    """The circuit breaker of one relay.

    It opens for `open_seconds`, each time for twice as long, at most for `longest` seconds.
    """

    def __init__(
        self,
        courier: Courier,
        probe: Probe | None,
        *,
        open_seconds: float,
        longest: float,
        clock: Callable[[], float],
    ) -> None:
        self.courier = courier
        self.why: Sentence | None = None
        """Why it opened; None once the relay is known to be usable."""
        self.probing: asyncio.Task[None] | None = None
        self._probe = probe
        self._shortest = open_seconds
        self._longest = longest
        self._clock = clock
        self._open_for = 0.0
        self._until = float("-inf")

    @property
    def circuit(self) -> Circuit:
        """The state now; without a probe, the circuit closes by itself when its time is over."""
        if self._clock() < self._until:
            return Circuit.OPEN
        half_open = self.why is not None and self._probe is not None
        return Circuit.HALF_OPEN if half_open else Circuit.CLOSED

    @property
    def usable(self) -> bool:
        """Whether copies may go to this relay."""
        return self.circuit is Circuit.CLOSED

    def close(self) -> None:
        """Close the circuit: the relay can be used again, or a person has resumed the work."""
        self._until, self.why = self._clock(), None

    def open(self, why: Sentence | None) -> None:
        """Open the circuit: the relay cannot be used. If it is open already, only `why` changes."""
        now = self._clock()
        self.why = why
        if now < self._until:
            return
        # A relay that was usable for longer than it was last unusable begins with the shortest.
        recovered = now - self._until > self._open_for
        self._open_for = self._shortest if recovered else min(2 * self._open_for, self._longest)
        self._until = now + self._open_for
        log.warning(
            "relay.rests",
            extra={
                "relay": self.courier.relay,
                "seconds": round(self._open_for),
                "reason": str(why),
            },
        )

    def probe(self) -> None:
        """If half-open, check in the background whether the relay can be used."""
        if self.circuit is Circuit.HALF_OPEN and self.probing is None:
            self.probing = asyncio.get_running_loop().create_task(self._run_probe())

    async def _run_probe(self) -> None:
        assert self._probe is not None
        try:
            await self._probe()
        except RelayError as error:
            self.open(error.sentences[0])
        except Exception:
            # Any other error, from a library below: the relay stays as it was.
            self.open(self.why)
        else:
            self.close()
        finally:
            self.probing = None
