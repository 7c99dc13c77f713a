"""Limits: how much may be sent to a relay, and to each provider behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo

from mailer.providers import WHOLE

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `copies` in any period of `seconds`, wherever the period begins."""

    copies: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be sent to a relay or a provider; None means no limit.

    `warm_up`: copies on the first day of use, on the second, and so on. Only
    `messages_per_connection` holds for each connection; all others hold over all workers together.
    """

    connections: int | None = None
    messages_per_connection: int | None = None
    per_second: int | None = None
    quotas: tuple[Quota, ...] = ()
    warm_up: tuple[int, ...] = ()

    @property
    def metered(self) -> bool:
        """Whether copies must be granted before they are claimed."""
        return bool(self.quotas or self.warm_up)

    @property
    def shared(self) -> bool:
        """Whether a limit is divided among the workers."""
        return self.connections is not None or self.per_second is not None

    @property
    def narrow(self) -> bool:
        """Whether anything is limited at all."""
        return self.metered or self.shared or self.messages_per_connection is not None

    def on_day(self, day: int) -> tuple[Quota, ...]:
        """The quotas that hold on the `day`-th day of use, counted from 0."""
        if day >= len(self.warm_up):
            return self.quotas
        daily = [it.copies for it in self.quotas if it.seconds == DAY]
        first = Quota(min([self.warm_up[day], *daily]), DAY)
        return (*(it for it in self.quotas if it.seconds != DAY), first)

    def slowed(self, level: int, connections: int) -> Limits:
        """These limits, halved once a level; `connections` is used if the settings name none."""
        if not level:
            return self
        return replace(
            self,
            connections=max(1, (self.connections or connections) >> level),
            per_second=max(1, self.per_second >> level) if self.per_second else None,
        )


NONE = Limits()
CAREFUL = {
    "orange": Limits(connections=2, messages_per_connection=100),
    "laposte": Limits(connections=2, messages_per_connection=100),
    "sfr": Limits(connections=2, messages_per_connection=100),
    "free": Limits(connections=2, messages_per_connection=100),
}
"""Orange and La Poste publish these limits; SFR and Free publish none (docs/standards.md, S12)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of one relay (`relay`: its name in attempts), and of each provider behind it.

    `zone`: by whose clocks an hour or a day of the relay's own limits is over.
    """

    relay: str
    whole: Limits = NONE
    providers: Mapping[str, Limits] = field(default_factory=dict)
    zone: tzinfo = UTC

    def of(self, provider: str) -> Limits:
        """A provider's limits; WHOLE: the relay's own."""
        return self.whole if provider == WHOLE else self.providers.get(provider, NONE)
