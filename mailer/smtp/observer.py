"""The observer: while a sending works, it reports by plain calls what can be counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from mailer.models import Stage
from mailer.outcomes import Outcome


class Observer(Protocol):
    """Counts what a sending does; all durations are in seconds.

    Called from the engine's loop, so an observer must neither wait nor raise.
    """

    @property
    def replied(self) -> Callable[[Stage, float], None] | None:
        """Called with each reply's stage and how long it was awaited; None: do not call."""

    def connected(self, seconds: float) -> None:
        """A connection is open, with TLS and login, after `seconds`."""

    def not_connected(self) -> None:
        """A connection could not be made."""

    def disconnected(self) -> None:
        """A connection has ended."""

    def claimed(self, seconds: float) -> None:
        """A window was claimed, in `seconds`."""

    def settled(self, tries: Iterable[tuple[str, Outcome]], seconds: float) -> None:
        """A window was written down, in `seconds`; `tries`: each recipient and outcome."""


class Unobserved:
    """Counts nothing."""

    replied: Callable[[Stage, float], None] | None = None

    def connected(self, seconds: float) -> None:
        """Do nothing."""

    def not_connected(self) -> None:
        """Do nothing."""

    def disconnected(self) -> None:
        """Do nothing."""

    def claimed(self, seconds: float) -> None:
        """Do nothing."""

    def settled(self, tries: Iterable[tuple[str, Outcome]], seconds: float) -> None:
        """Do nothing; `tries` is not even read."""


UNOBSERVED = Unobserved()
