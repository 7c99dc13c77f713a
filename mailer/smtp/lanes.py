"""Lanes: copies that wait for a connection, those of a slow provider apart from all others.

The open lane has whatever connections nobody else needs. Each other lane has at most so many at a
time, each of them for at most so many copies, and so many copies a second. A connection changes
lanes only while nothing of the old one is on the way, so that none counts for two.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator

from mailer.providers import OPEN, WHOLE
from mailer.smtp.courier import Copy, LaneTerms

TURN = 20
"""After so many copies a connection goes to a lane that is left without any."""
MARGIN = 0.05
"""A second is taken longer by this part: what leaves evenly arrives a little unevenly."""
FREE = LaneTerms()


class Lane:
    """The copies of one provider, or of all whom nothing limits."""

    __slots__ = ("coming", "lines", "name", "next_at", "spacing", "terms", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.terms = FREE
        self.waiting: deque[Copy] = deque()
        self.lines = 0
        """Connections that carry for it now."""
        self.coming = 0
        """Connections that will, when what they carry is answered."""
        self.spacing = 0.0
        """Seconds between two copies; infinite: none at all."""
        self.next_at = 0.0
        """Before this nothing more of it leaves."""

    def agree(self, terms: LaneTerms) -> None:
        """From now on these terms hold."""
        self.terms = FREE if terms == FREE else terms
        each = terms.per_second
        self.spacing = 0.0 if each is None else (1 + MARGIN) / each if each else float("inf")

    @property
    def wants(self) -> int:
        """How many more connections it could use now, and may have."""
        if not self.waiting or (self.spacing and time.monotonic() < self.next_at):
            return 0
        if self.spacing == float("inf"):
            return 0
        wanted = len(self.waiting)
        if self.terms.connections is not None:
            wanted = min(wanted, self.terms.connections - self.lines)
        return max(0, wanted - self.coming)


class Lanes:
    """All lanes of one courier."""

    def __init__(self) -> None:
        self.whole = Lane(WHOLE)
        """No lane, but what holds for all of them together."""
        self.crowded = False
        """Whether there are more connections than there may be."""
        self.alone = True
        """Whether there is nothing but the open lane to think of."""
        self._lanes: dict[str, Lane] = {OPEN: Lane(OPEN)}

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def __bool__(self) -> bool:
        return any(lane.waiting for lane in self)

    def of(self, name: str) -> Lane:
        """A lane by its name, made where there is none."""
        return self._lanes.setdefault(name, Lane(name))

    def agree(self, name: str, terms: LaneTerms) -> None:
        """The terms of a lane; WHOLE: of all together."""
        (self.whole if name == WHOLE else self.of(name)).agree(terms)
        self.look()

    def look(self) -> None:
        """See whether the open lane is alone, so that its copies need not think of others."""
        self.alone = (
            not self.crowded
            and self.whole.terms is FREE
            and not any(lane.waiting for lane in self if lane.name != OPEN)
        )

    def wants(self) -> int:
        """How many more connections could carry something now."""
        return 0 if self.whole.spacing == float("inf") else sum(lane.wants for lane in self)

    def choose(self, promised: Lane | None = None) -> Lane | None:
        """The lane that needs a connection most: a promised one, one without any, a limited one."""
        wanting = [lane for lane in self if lane.wants and self.in_time(lane, idle=True)]
        return max(
            wanting, key=lambda it: (it is promised, not it.lines, it.name != OPEN), default=None
        )

    def starving(self, but: Lane) -> Lane | None:
        """A lane that waits without any connection; for the open lane: a limited one with fewer."""
        for lane in self:
            short = not lane.lines or (but.name == OPEN and lane.lines < but.lines)
            if lane is not but and short and lane.wants:
                return lane
        return None

    def in_time(self, lane: Lane, *, idle: bool) -> bool:
        """Whether the next copy of a lane may leave now.

        What goes by the clock does not go behind a body: nobody knows when that is answered.
        """
        spacing = lane.spacing or self.whole.spacing
        if not spacing:
            return True
        if lane.spacing == float("inf") or self.whole.spacing == float("inf"):
            return False
        return idle and time.monotonic() >= max(lane.next_at, self.whole.next_at)

    def due_in(self) -> float | None:
        """Seconds until a lane that goes by the clock may go on; None: nothing waits for that."""
        now = time.monotonic()
        moments = (max(it.next_at, self.whole.next_at) for it in self if it.waiting)
        return min((it - now for it in moments if it > now), default=None)


class Line:
    """One connection as the lanes see it: which lane it carries for, and how much it has carried.

    `idle()`: nothing of it is on the way. `retire()`: it has carried what it may, or is one too
    many, and is to end.
    """

    __slots__ = (
        "_carried", "_idle", "_lanes", "_promise", "_retire", "_turn", "lane", "last", "retired",
    )  # fmt: skip

    def __init__(self, lanes: Lanes, idle: Callable[[], bool], retire: Callable[[], None]) -> None:
        self._lanes = lanes
        self._idle = idle
        self._retire = retire
        self._carried: Counter[str] = Counter()
        self._turn = 0
        self._promise: Lane | None = None
        self.retired = False
        """Whether it carries nothing more, and is about to end."""
        self.lane: Lane | None = None
        self.last: Copy | None = None
        """The copy that was taken last."""

    def next(self) -> Copy | None:
        """The next copy for this connection; None: none now, or none while one is on the way."""
        lane = self.lane
        promised = None
        if lane is not None:
            if self._lanes.alone and lane.terms is FREE and lane.waiting:
                self.last = copy = lane.waiting.popleft()
                return copy
            if self._goes_on(lane):
                return self._take(lane)
            if not self._idle():
                return None
            if self._spent(lane) or self._lanes.crowded:
                self.retire()
                return None
            promised = self._promise
            self.leave()
        if self._lanes.crowded:
            self.retire()
        lane = None if self.retired else self._lanes.choose(promised)
        if lane is None:
            return None
        lane.lines += 1
        self.lane, self._turn = lane, 0
        return self._take(lane)

    def retire(self) -> None:
        """Carry nothing more; it keeps its place in its lane until it has ended."""
        if not self.retired:
            self.retired = True
            self._retire()

    def leave(self) -> None:
        """Carry for nobody, and promise nothing."""
        if self._promise is not None:
            self._promise.coming -= 1
            self._promise = None
        if self.lane is not None:
            self.lane.lines -= 1
            self.lane = None

    def _goes_on(self, lane: Lane) -> bool:
        """Whether it carries another copy for the lane in which it is."""
        terms = lane.terms
        if not lane.waiting or self.retired or self._promise or self._lanes.crowded:
            return False
        if terms.connections is not None and lane.lines > terms.connections:
            return False
        if self._spent(lane) or not self._lanes.in_time(lane, idle=self._idle()):
            return False
        if lane.lines > 1 or self._turn >= TURN:
            other = self._lanes.starving(lane)
            if other is not None:
                other.coming += 1
                self._promise = other
                return False
        return True

    def _spent(self, lane: Lane) -> bool:
        most = lane.terms.messages
        return most is not None and self._carried[lane.name] >= most

    def _take(self, lane: Lane) -> Copy:
        self.last = copy = lane.waiting.popleft()
        self._turn += 1
        if lane.terms.messages is not None:
            self._carried[lane.name] += 1
        now = time.monotonic() if lane.spacing or self._lanes.whole.spacing else 0.0
        for paced in (lane, self._lanes.whole):
            if paced.spacing:
                paced.next_at = now + paced.spacing
        if lane.name != OPEN and not lane.waiting:
            self._lanes.look()
        return copy
