"""What a relay, or a provider's mailboxes behind it, may be asked to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mailer.providers import WHOLE

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `copies` in any stretch of `seconds`, wherever it begins."""

    copies: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """None: as many as one likes. `warm_up`: so many on the first day of use, the second, …

    All of it holds over all workers together, but for `messages_per_connection`.
    """

    connections: int | None = None
    messages_per_connection: int | None = None
    per_second: int | None = None
    quotas: tuple[Quota, ...] = ()
    warm_up: tuple[int, ...] = ()

    @property
    def metered(self) -> bool:
        """Whether copies have to be granted before they are claimed."""
        return bool(self.quotas or self.warm_up)

    @property
    def shared(self) -> bool:
        """Whether workers divide something among them."""
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
        """What is left of it at a level of slowing down; `connections`: where none are named."""
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
"""docs/standards.md, S12: Orange and La Poste publish these; SFR and Free publish nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The limits of one relay, by its name in attempts, and of each provider behind it."""

    relay: str
    whole: Limits = NONE
    providers: Mapping[str, Limits] = field(default_factory=dict)

    def of(self, provider: str) -> Limits:
        """A provider's limits; WHOLE: the relay's own."""
        return self.whole if provider == WHOLE else self.providers.get(provider, NONE)
