"""A circuit breaker round one relay's courier: closed, open for a while, then half-open."""

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
"""Looks whether a relay can be used again; RelayError if it cannot."""


class Circuit(enum.Enum):
    """CLOSED: the relay is used. OPEN: it is not. HALF_OPEN: a probe decides, no copy does."""

    CLOSED = enum.auto()
    OPEN = enum.auto()
    HALF_OPEN = enum.auto()


class CircuitBreaker:
    """One relay's; it opens for `rest` seconds, each time for twice as long, `longest` at most."""

    def __init__(
        self,
        courier: Courier,
        probe: Probe | None,
        *,
        rest: float,
        longest: float,
        clock: Callable[[], float],
    ) -> None:
        self.courier = courier
        self.why: Sentence | None = None
        """Why it opened; None once it is known that the relay can be used."""
        self.probing: asyncio.Task[None] | None = None
        self._probe = probe
        self._shortest = rest
        self._longest = longest
        self._clock = clock
        self._rest = 0.0
        self._until = float("-inf")

    @property
    def circuit(self) -> Circuit:
        """As it stands now; without a probe it closes by itself when its time is over."""
        if self._clock() < self._until:
            return Circuit.OPEN
        half_open = self.why is not None and self._probe is not None
        return Circuit.HALF_OPEN if half_open else Circuit.CLOSED

    @property
    def usable(self) -> bool:
        """Whether copies may go to this relay."""
        return self.circuit is Circuit.CLOSED

    def close(self) -> None:
        """The relay can be used again, or a person lets the work go on."""
        self._until, self.why = self._clock(), None

    def open(self, why: Sentence | None) -> None:
        """The relay cannot be used; several connections that tell the same trouble open it once."""
        now = self._clock()
        self.why = why
        if now < self._until:
            return
        # A relay that could be used for longer than its last rest begins with the shortest again.
        recovered = now - self._until > self._rest
        self._rest = self._shortest if recovered else min(2 * self._rest, self._longest)
        self._until = now + self._rest
        log.warning(
            "relay.rests",
            extra={"relay": self.courier.relay, "seconds": round(self._rest), "reason": str(why)},
        )

    def probe(self) -> None:
        """When half-open, look beside the work whether the relay can be used."""
        if self.circuit is Circuit.HALF_OPEN and self.probing is None:
            self.probing = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        assert self._probe is not None
        try:
            await self._probe()
        except RelayError as error:
            self.open(error.sentences[0])
        except Exception:
            # Whatever else goes wrong in a library below: the relay is as it was.
            self.open(self.why)
        else:
            self.close()
        finally:
            self.probing = None
