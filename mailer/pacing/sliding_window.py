"""Sliding windows: no period of so many seconds, wherever it begins, holds more than its quota.

Copies are granted in advance. A grant counts as used at the last moment at which it may be used,
until its worker tells what became of it. So a late use stays within the quota. Used copies are
counted in slots of a sixtieth of the period. A slot is free again when all of it has left the
period.

Not GCRA: with its burst allowed, GCRA lets twice the quota into one period. Without the burst, it
grants "200 an hour" one by one, every 18 seconds, also to a list that has only 150 members.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace

SLOTS = 60
EXACT_SECONDS = 0.001
AHEAD_SECONDS = 30.0
"""For this long after a grant its copies may be used, and be counted by the relay."""


@dataclass(frozen=True, slots=True)
class SlidingWindow:
    """What is used or granted of a quota; times are seconds of the database's clock.

    `slots` are pairs (number, copies). Slot n ends (n + 1) sixtieths of the period after time 0.
    """

    copies: int
    seconds: float
    slots: tuple[tuple[int, int], ...] = ()

    def at(self, now: float) -> SlidingWindow:
        """The window at `now`, without the slots that have left the period.

        A slot ahead of every possible grant was written before the clock was set back. It counts
        as granted now, and so leaves within one period.
        """
        latest = self._slot(now + AHEAD_SECONDS)
        kept: Counter[int] = Counter()
        for number, copies in self.slots:
            if self._leaves_at(number) > now:
                kept[min(number, latest)] += copies
        return self._with(kept)

    def room(self, now: float) -> int:
        """How many copies may be granted now, at most the whole quota."""
        return max(0, self.copies - sum(n for _, n in self.at(now).slots))

    def take(self, n: int, now: float) -> SlidingWindow:
        """Grant `n` copies; ValueError if they are more than `room`."""
        standing = self.at(now)
        if n > standing.room(now):
            raise ValueError("more than there is room for")
        kept = Counter(dict(standing.slots))
        kept[self._slot(now + AHEAD_SECONDS)] += n
        return self._with(kept)

    def tell(self, granted: int, used: int, granted_at: float, now: float) -> SlidingWindow:
        """Count `used` copies of a grant as used now; the others are given back.

        If the grant is no longer in its slot (time has passed, or the clock was set), nothing is
        given back: the grant leaves the period by itself.
        """
        kept = Counter(dict(self.slots))
        number = self._slot(granted_at + AHEAD_SECONDS)
        kept[number] = max(0, kept[number] - granted)
        kept[self._slot(now)] += used
        return self._with(kept).at(now)

    def opens_at(self, n: int, now: float) -> float:
        """When the `n`-th copy from now may be granted, to a thousandth of a second.

        This counts granted copies as used now: their workers tell so soon, unless they die. It
        assumes that each place is taken as it opens, and opens again a period and a slot later.
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
