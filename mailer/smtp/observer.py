"""What a sending tells of itself while it works: plain calls, to whoever cares to count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from mailer.models import Stage
from mailer.outcomes import Outcome


class Observer(Protocol):
    """Counts; called from the engine's loop, so it must neither wait nor raise. Seconds."""

    @property
    def replied(self) -> Callable[[Stage, float], None] | None:
        """Called with each reply, and how long it was the next to come; None: nobody asks."""

    def connected(self, seconds: float) -> None:
        """A connection is open, with TLS and login."""

    def not_connected(self) -> None:
        """A connection came to nothing."""

    def disconnected(self) -> None:
        """A connection has ended."""

    def claimed(self, seconds: float) -> None:
        """A window was claimed."""

    def settled(self, tries: Iterable[tuple[str, Outcome]], seconds: float) -> None:
        """A window was written down: to whom each copy went, and what the try came to."""


class Unobserved:
    """Nobody counts."""

    replied: Callable[[Stage, float], None] | None = None

    def connected(self, seconds: float) -> None:
        """Nothing."""

    def not_connected(self) -> None:
        """Nothing."""

    def disconnected(self) -> None:
        """Nothing."""

    def claimed(self, seconds: float) -> None:
        """Nothing."""

    def settled(self, tries: Iterable[tuple[str, Outcome]], seconds: float) -> None:
        """Nothing; `tries` is not even looked at."""


UNOBSERVED = Unobserved()
