"""The throttle: 421 and 4xx replies slow a provider down, and copies that it takes speed it up.

A few deferred copies prove nothing. A provider is slowed down only if they are many enough, and
the `SHARE` of the latest tries.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mailer.answer_words import Period, limit_in, says_greylisted, without_addresses
from mailer.models import Stage
from mailer.outcomes import Kind, Outcome, enhanced_code

LEAST = 10
SHARE = 0.3
FAREWELL = 5
"""A 421, which ends a connection (RFC 5321, 3.8), weighs as much as this many 4xx replies."""
LOOKED_AT = 200
RESTS = (0.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0)
"""Seconds without sending, when each level is reached."""
PROBES = (200, 16, 8, 4, 2, 1, 1)
"""Copies that a worker may have in work at once, at each level."""
HIGHEST = len(RESTS) - 1


@dataclass(frozen=True, slots=True)
class Heard:
    """What some tries tell about a provider.

    `put_off` counts 4xx replies that speak for slowing down, `farewells` the 421 replies. `said`:
    the codes of the latest of them. `limit`: the relay says that a limit of its own is reached, in
    the words of `limit_said`, without addresses.
    """

    tries: int
    put_off: int = 0
    farewells: int = 0
    said: str = ""
    limit: Period | None = None
    limit_said: str = ""

    def __add__(self, other: Heard) -> Heard:
        """Add both together; the later `said` is kept."""
        return Heard(
            self.tries + other.tries,
            self.put_off + other.put_off,
            self.farewells + other.farewells,
            other.said or self.said,
            other.limit or self.limit,
            other.limit_said or self.limit_said,
        )

    @property
    def weight(self) -> int:
        """How much speaks for slowing the provider down."""
        return self.put_off + FAREWELL * self.farewells

    @property
    def slows(self) -> bool:
        """Whether it must be known before more copies are claimed."""
        return bool(self.weight or self.limit)


def heard_from(outcomes: Iterable[Outcome]) -> Heard:
    """What these outcomes tell about their provider; of a reply, only the codes are kept."""
    put_off = Kind.DEFERRED  # looked up once: there are as many outcomes as copies
    heard, good = Heard(0), 0
    for it in outcomes:
        if it.kind is not put_off or (_is_about_a_mailbox(it) and not limit_in(it.text)):
            good += 1
        else:
            heard += heard_in(it.code, it.text, tries=1)
    return heard + Heard(good)


def heard_in(code: int, text: str, *, tries: int) -> Heard:
    """What a temporary refusal tells about a provider.

    x.3.x is about the mail system that says it (RFC 3463). That is our relay, so no provider is
    slowed down. Nor is one slowed down for greylisting (RFC 6647), which wants a second try of each
    copy, however few copies come. Nor for a limit of the relay's own, of an hour or a day: then
    the relay rests until that is over.
    """
    if limit := limit_in(text):
        return Heard(tries, limit=limit, limit_said=f"{code} {without_addresses(text)}")
    enhanced = enhanced_code(text) or ""
    if not 400 <= code < 500 or enhanced.startswith("4.3.") or says_greylisted(text):
        return Heard(tries)
    said = f"{code} {enhanced}".strip()
    return Heard(tries, put_off=code != 421, farewells=code == 421, said=said)


def _is_about_a_mailbox(outcome: Outcome) -> bool:
    """Whether a refusal is about one address or mailbox, such as a full one (RFC 3463).

    At MAIL no recipient has been named yet. x.1.7 and x.1.8 are about the sender. A 421 ends the
    connection, so it is about more than one copy.
    """
    if outcome.code == 421 or outcome.stage is Stage.MAIL:
        return False
    enhanced = outcome.enhanced or ""
    return enhanced.startswith(("4.1.", "4.2.")) and enhanced not in _OF_THE_SENDER


_OF_THE_SENDER = frozenset({"4.1.7", "4.1.8"})


@dataclass(frozen=True, slots=True)
class Throttle:
    """How far a provider is slowed down.

    `level` 0 means not at all. Nothing is sent until `rest_until`. `tries` and `weight` count since
    the level changed. `said`: the codes that slowed the provider down last.
    """

    level: int = 0
    rest_until: float = 0.0
    tries: int = 0
    weight: int = 0
    said: str = ""

    def rests(self, now: float) -> bool:
        """Whether nothing is to be sent now.

        A rest that ends too far ahead was written before the clock was set back: it is over.
        """
        return now < self.rest_until <= now + RESTS[-1]

    @property
    def probe(self) -> int:
        """How many copies may be tried at once."""
        return PROBES[self.level]

    def hears(self, heard: Heard, now: float) -> Throttle:
        """The throttle after these tries; during a rest they change nothing.

        Copies tried during a rest were on their way when it began.
        """
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
