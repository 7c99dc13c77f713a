"""How a provider takes it: slowed down by its 421 and 4xx, recovered by what it takes again.

One copy or five that are put off prove nothing: it takes a share of the latest, and some number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from mailer.delivery.outcomes import Kind, Outcome, enhanced_code

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
    heard = Heard(0)
    for it in outcomes:
        heard += heard_in(it.code, it.text, tries=1) if it.kind is Kind.DEFERRED else _GOOD
    return heard


def heard_in(code: int, text: str, *, tries: int) -> Heard:
    """What a temporary refusal says.

    x.3.x is about the mail system that says it (RFC 3463), our relay; x.1.x and x.2.x are about one
    address and its mailbox, unless the connection ends by it: no provider is slowed for these. Nor
    for greylisting (RFC 6647), which wants a second try of each copy, however few there are.
    """
    enhanced = enhanced_code(text) or ""
    of_others = enhanced.startswith("4.3.") or (code != 421 and enhanced[:4] in _OF_A_MAILBOX)
    if not 400 <= code < 500 or of_others or _GREYLISTED.search(text):
        return Heard(tries)
    said = f"{code} {enhanced}".strip()
    return Heard(tries, put_off=code != 421, farewells=code == 421, said=said)


_GOOD = Heard(1)
_OF_A_MAILBOX = frozenset({"4.1.", "4.2."})
_GREYLISTED = re.compile(r"gr[ae]y-?list", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Temper:
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

    def hears(self, heard: Heard, now: float) -> Temper:
        """As it is after this; what was on its way when a rest began changes nothing any more."""
        if self.rests(now):
            return self
        tries, weight = self.tries + heard.tries, self.weight + heard.weight
        least = min(LEAST, self.probe)
        if heard.weight and weight >= max(least, SHARE * tries):
            level = min(self.level + 1, HIGHEST)
            return Temper(level, now + RESTS[level], said=heard.said)
        if self.level and tries >= self.probe:
            level = self.level if weight else self.level - 1
            return replace(self, level=level, tries=0, weight=0) if level else Temper()
        if tries > LOOKED_AT:
            tries, weight = tries // 2, weight // 2
        return replace(self, tries=tries, weight=weight)
