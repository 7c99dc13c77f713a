"""A circuit breaker for one relay's courier: closed, open for a while, then half-open."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Awaitable, Callable

from mailer.smtp.courier import Courier
from mailer.smtp.relay import FilesFull, RelayError, RelayRefusal
from pli.language import Sentence

log = logging.getLogger("pli.delivery")

Probe = Callable[[], Awaitable[None]]
"""Checks whether a relay can be used again; RelayError if it cannot."""
PROBE_SECONDS = 15.0
"""A probe is broken off after this long if another relay stands by."""


class Circuit(enum.Enum):
    """CLOSED: the relay is used. OPEN: it is not. HALF_OPEN: a probe decides, no copy does."""

    CLOSED = enum.auto()
    OPEN = enum.auto()
    HALF_OPEN = enum.auto()


class CircuitBreaker:
    """The circuit breaker of one relay.

    It opens for `open_seconds`, each time for twice as long, at most for `longest` seconds. Where
    no other relay stands by, it begins with `first_seconds`: then all copies wait for this relay.
    """

    def __init__(
        self,
        courier: Courier,
        probe: Probe | None,
        *,
        open_seconds: float,
        first_seconds: float,
        longest: float,
        clock: Callable[[], float],
    ) -> None:
        self.courier = courier
        self.why: Sentence | None = None
        """Why it opened; None once the relay is known to be usable."""
        self.refused = False
        """Whether the relay refuses, so that a person must change something."""
        self.in_doubt = False
        """Whether each further try would bring more copies into doubt."""
        self.probing: asyncio.Task[None] | None = None
        self.stands_alone: Callable[[], bool] = lambda: False
        """Asked whether no other relay can be used meanwhile."""
        self.on_open: Callable[[], None] = lambda: None
        self.on_close: Callable[[], None] = lambda: None
        """Called when a probe has found that the relay can be used again."""
        self.worked_at = float("-inf")
        """When the relay last took a copy."""
        self.to_be_tried = False
        """Whether it is to be tried at once, whatever was found before."""
        self.only_greets = False
        """Whether a probe got through and no copy did: then only a copy tells that it works."""
        self._probe = probe
        self._shortest = open_seconds
        self._first = first_seconds
        self._longest = longest
        self._clock = clock
        self._open_for = 0.0
        self._until = float("-inf")
        self._closed_at: float | None = float("-inf")
        """Since when it is closed; None from its opening until a probe or a person closes it."""

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

    @property
    def rests(self) -> float:
        """For how many more seconds the relay is left alone."""
        return max(0.0, self._until - self._clock())

    def worked(self) -> None:
        """The relay has taken a copy."""
        self.worked_at = self._clock()
        self.only_greets = False

    def close(self) -> None:
        """Close the circuit: the relay can be used again."""
        self._until = self._closed_at = self._clock()
        self.why, self.refused, self.in_doubt, self.to_be_tried = None, False, False, False

    def hurry(self) -> None:
        """Let the relay be tried at once, whatever is left of its rest."""
        if not self.usable:
            self.to_be_tried = True
            self._until = min(self._until, self._clock())

    def open(self, why: Sentence | None, *, refused: bool = False, in_doubt: bool = False) -> None:
        """Open the circuit: the relay cannot be used.

        If it is open already, only what is known of the trouble changes.
        """
        now = self._clock()
        changed = refused != self.refused
        self.why, self.refused, self.in_doubt = why, refused, in_doubt
        if now < self._until:
            if changed:
                self.on_open()
            return
        # A relay that was usable for longer than it was last unusable begins with the shortest.
        closed_at = self._until if self._probe is None else self._closed_at
        recovered = closed_at is not None and now - closed_at > max(self._open_for, self._shortest)
        if recovered:
            self._open_for = self._first if self.stands_alone() else self._shortest
        else:
            self._open_for = min(2 * self._open_for, self._longest)
        closed = self._closed_at
        self.only_greets |= (
            closed is not None and float("-inf") < closed and self.worked_at < closed
        )
        self._until, self._closed_at = now + self._open_for, None
        self.to_be_tried = False
        log.warning(
            "relay.rests",
            extra={
                "relay": self.courier.relay,
                "seconds": round(self._open_for),
                "reason": str(why),
            },
        )
        self.on_open()

    def probe(self) -> None:
        """If half-open, check in the background whether the relay can be used."""
        if self.circuit is Circuit.HALF_OPEN and self.probing is None:
            self.probing = asyncio.get_running_loop().create_task(self._run_probe())

    async def _run_probe(self) -> None:
        assert self._probe is not None
        try:
            async with asyncio.timeout(None if self.stands_alone() else PROBE_SECONDS):
                await self._probe()
        except FilesFull as error:
            self.courier.on_files_full(error.sentences[0])
            self._stay_open()
        except RelayError as error:
            self.open(error.sentences[0], refused=isinstance(error, RelayRefusal))
        except Exception:
            self._stay_open()  # an error from a library below
        else:
            self.close()
            log.info("relay.back", extra={"relay": self.courier.relay})
            self.on_close()
        finally:
            self.probing = None

    def _stay_open(self) -> None:
        """Open again for the reason before: the probe has found out nothing about the relay."""
        self.open(self.why, refused=self.refused, in_doubt=self.in_doubt)
