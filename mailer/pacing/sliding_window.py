"""Sliding windows: no stretch of so many seconds, wherever it begins, holds more than its quota.

Copies are granted in advance. A grant counts as used at the last moment at which it may still be
used, until what became of it is told; so a late use finds its place kept. What is used is kept in
slots of a sixtieth of the period, and a slot is free again when all of it has left the stretch.

Not GCRA: with its burst allowed it lets twice the quota into one stretch, without the burst it
gives "200 an hour" out one by one, every 18 seconds, also to whoever has only 150 members.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace

SLOTS = 60
EXACT_SECONDS = 0.001
AHEAD_SECONDS = 30.0
"""So long after it was given a grant may still be used, and be counted by whoever counts."""


@dataclass(frozen=True, slots=True)
class SlidingWindow:
    """What of a quota is used or granted; moments are seconds of the database's clock.

    `slots` are (number, copies): number n ends at (n + 1) sixtieths of the period.
    """

    copies: int
    seconds: float
    slots: tuple[tuple[int, int], ...] = ()

    def at(self, now: float) -> SlidingWindow:
        """The same as it stands now: without what has left.

        What seems to be ahead of every grant was noted before the clock was set back: it counts as
        if it were granted now, and so leaves within one period.
        """
        latest = self._slot(now + AHEAD_SECONDS)
        kept: Counter[int] = Counter()
        for number, copies in self.slots:
            if self._leaves_at(number) > now:
                kept[min(number, latest)] += copies
        return self._with(kept)

    def room(self, now: float) -> int:
        """How many copies may be granted now; never more than the whole quota."""
        return max(0, self.copies - sum(n for _, n in self.at(now).slots))

    def take(self, n: int, now: float) -> SlidingWindow:
        """Grant `n` copies, no more than there is room for."""
        standing = self.at(now)
        if n > standing.room(now):
            raise ValueError("more than there is room for")
        kept = Counter(dict(standing.slots))
        kept[self._slot(now + AHEAD_SECONDS)] += n
        return self._with(kept)

    def tell(self, granted: int, used: int, granted_at: float, now: float) -> SlidingWindow:
        """Of a grant so many were used, at the latest now; the rest is given back.

        What the clock or the time has moved out of its slot is not looked for: it leaves by itself.
        """
        kept = Counter(dict(self.slots))
        number = self._slot(granted_at + AHEAD_SECONDS)
        kept[number] = max(0, kept[number] - granted)
        kept[self._slot(now)] += used
        return self._with(kept).at(now)

    def opens_at(self, n: int, now: float) -> float:
        """When the `n`-th copy from now may be granted, to a thousandth of a second.

        What is granted is taken to be used now: that is told soon, unless its worker has died.
        Each place that opens is taken at once, and opens again a period and a slot later.
        """
        standing, latest = self.at(now), self._slot(now)
        opens = [(self._leaves_at(min(it, latest)), copies) for it, copies in standing.slots]
        opens.append((now, standing.room(now)))
        again = self.seconds + self._width

        def granted(moment: float) -> int:
            return sum(
                copies * (1 + math.floor((moment - at) / again))
                for at, copies in opens
                if at <= moment
            )

        if granted(now) >= n:
            return now
        early, late = now, max(at for at, _ in opens) + again * ((n - 1) // self.copies)
        while late - early > EXACT_SECONDS:
            middle = (early + late) / 2
            early, late = (early, middle) if granted(middle) >= n else (middle, late)
        return late

    @property
    def _width(self) -> float:
        return self.seconds / SLOTS

    def _slot(self, moment: float) -> int:
        return math.floor(moment / self._width)

    def _leaves_at(self, number: int) -> float:
        return (number + 1) * self._width + self.seconds

    def _with(self, kept: Counter[int]) -> SlidingWindow:
        return replace(self, slots=tuple(sorted((s, n) for s, n in kept.items() if n)))
