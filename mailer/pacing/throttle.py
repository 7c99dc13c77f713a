"""How a provider takes it: slowed down by its 421 and 4xx, recovered by what it takes again.

One copy or five that are put off prove nothing: it takes a share of the latest, and some number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from mailer.models import Stage
from mailer.outcomes import Kind, Outcome, enhanced_code

LEAST = 10
SHARE = 0.3
FAREWELL = 5
"""A 421, which ends a connection (RFC 5321, 3.8), weighs as much as so many other refusals."""
LOOKED_AT = 200
RESTS = (0.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0)
"""Seconds of rest when a level is reached."""
PROBES = (200, 16, 8, 4, 2, 1, 1)
"""Copies a worker may have in hand at once, at each level."""
HIGHEST = len(RESTS) - 1


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of some tries: how many, how many were put off (4xx), how many ended by 421."""

    tries: int
    put_off: int = 0
    farewells: int = 0
    said: str = ""

    def __add__(self, other: Heard) -> Heard:
        """Both together."""
        return Heard(
            self.tries + other.tries,
            self.put_off + other.put_off,
            self.farewells + other.farewells,
            other.said or self.said,
        )

    @property
    def weight(self) -> int:
        """How much speaks for slowing down."""
        return self.put_off + FAREWELL * self.farewells


def heard_from(outcomes: Iterable[Outcome]) -> Heard:
    """What these outcomes say of whom they were for; a reply is kept by its codes alone."""
    put_off = Kind.DEFERRED  # looked up once: there are as many outcomes as copies
    heard, good = Heard(0), 0
    for it in outcomes:
        if it.kind is not put_off or _is_of_a_mailbox(it):
            good += 1
        else:
            heard += heard_in(it.code, it.text, tries=1)
    return heard + Heard(good)


def heard_in(code: int, text: str, *, tries: int) -> Heard:
    """What a temporary refusal says.

    x.3.x is about the mail system that says it (RFC 3463), our relay: no provider is slowed for it.
    Nor for greylisting (RFC 6647), which wants a second try of each copy, however few there are.
    """
    enhanced = enhanced_code(text) or ""
    if not 400 <= code < 500 or enhanced.startswith("4.3.") or _GREYLISTED.search(text):
        return Heard(tries)
    said = f"{code} {enhanced}".strip()
    return Heard(tries, put_off=code != 421, farewells=code == 421, said=said)


def _is_of_a_mailbox(outcome: Outcome) -> bool:
    """Whether a recipient's address or mailbox is meant, such as one that is full (RFC 3463).

    At MAIL nobody has been named yet, x.1.7 and x.1.8 are about the sender, and who ends the
    connection by it speaks of more than one copy.
    """
    if outcome.code == 421 or outcome.stage is Stage.MAIL:
        return False
    enhanced = outcome.enhanced or ""
    return enhanced.startswith(("4.1.", "4.2.")) and enhanced not in _OF_THE_SENDER


_OF_THE_SENDER = frozenset({"4.1.7", "4.1.8"})
_GREYLISTED = re.compile(r"gr[ae]y-?list", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Throttle:
    """The level of slowing down (0: none), the rest it takes, what was heard since it changed."""

    level: int = 0
    rest_until: float = 0.0
    tries: int = 0
    weight: int = 0
    said: str = ""

    def rests(self, now: float) -> bool:
        """Whether nothing is to be sent now; a rest far ahead is of a clock that was set back."""
        return now < self.rest_until <= now + RESTS[-1]

    @property
    def probe(self) -> int:
        """How many copies at most are tried at once."""
        return PROBES[self.level]

    def hears(self, heard: Heard, now: float) -> Throttle:
        """As it is after this; what was on its way when a rest began changes nothing any more."""
        if self.rests(now):
            return self
        tries, weight = self.tries + heard.tries, self.weight + heard.weight
        least = min(LEAST, self.probe)
        if heard.weight and weight >= max(least, SHARE * tries):
            level = min(self.level + 1, HIGHEST)
            return Throttle(level, now + RESTS[level], said=heard.said)
        if self.level and tries >= self.probe:
            level = self.level if weight else self.level - 1
            return replace(self, level=level, tries=0, weight=0) if level else Throttle()
        if tries > LOOKED_AT:
            tries, weight = tries // 2, weight // 2
        return replace(self, tries=tries, weight=weight)
