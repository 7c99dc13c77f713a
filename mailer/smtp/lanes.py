"""Lanes: queues of copies that wait for a connection; a limited provider has its own lane.

The open lane gets the connections that no other lane needs. Any other lane has limits: connections
at a time, copies for each connection, copies a second. A connection changes lanes only while none
of its copies is on the way, so that it never counts for two lanes.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator

from mailer.providers import OPEN, WHOLE
from mailer.smtp.courier import Copy, LaneTerms

TURN = 20
"""After this many copies, a connection goes to a lane that waits without any connection."""
MARGIN = 0.05
"""Intervals are longer by this part: copies that leave evenly arrive a little unevenly."""
FREE = LaneTerms()


class Lane:
    """The copies of one provider, or of all providers without limits."""

    __slots__ = ("coming", "lines", "name", "next_at", "spacing", "terms", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.terms = FREE
        self.waiting: deque[Copy] = deque()
        self.lines = 0
        """Connections that carry for this lane now."""
        self.coming = 0
        """Connections promised to this lane, once what they carry is answered."""
        self.spacing = 0.0
        """Seconds between two copies; infinite: no copy may leave."""
        self.next_at = 0.0
        """The time (`time.monotonic`) before which no further copy of this lane leaves."""

    def agree(self, terms: LaneTerms) -> None:
        """Set the terms of this lane."""
        self.terms = FREE if terms == FREE else terms
        each = terms.per_second
        self.spacing = 0.0 if each is None else (1 + MARGIN) / each if each else float("inf")

    @property
    def wants(self) -> int:
        """How many more connections the lane could use now, and may have."""
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
        """Not a lane: the terms for all lanes together."""
        self.crowded = False
        """Whether there are more connections than allowed."""
        self.alone = True
        """Whether only the open lane counts: no other lane waits, and no limit holds for all."""
        self._lanes: dict[str, Lane] = {OPEN: Lane(OPEN)}

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def __bool__(self) -> bool:
        return any(lane.waiting for lane in self)

    def of(self, name: str) -> Lane:
        """A lane by its name, made if there is none."""
        return self._lanes.setdefault(name, Lane(name))

    def agree(self, name: str, terms: LaneTerms) -> None:
        """Set the terms of a lane; WHOLE: the terms for all lanes together."""
        (self.whole if name == WHOLE else self.of(name)).agree(terms)
        self.look()

    def look(self) -> None:
        """Find out whether the open lane is alone; then its copies need no further checks."""
        self.alone = (
            not self.crowded
            and self.whole.terms is FREE
            and not any(lane.waiting for lane in self if lane.name != OPEN)
        )

    def wants(self) -> int:
        """How many more connections could carry copies now."""
        return 0 if self.whole.spacing == float("inf") else sum(lane.wants for lane in self)

    def choose(self, promised: Lane | None = None) -> Lane | None:
        """The lane that needs a connection most.

        The `promised` lane comes first, then one without a connection, then a limited one.
        """
        wanting = [lane for lane in self if lane.wants and self.in_time(lane, idle=True)]
        return max(
            wanting, key=lambda it: (it is promised, not it.lines, it.name != OPEN), default=None
        )

    def starving(self, but: Lane) -> Lane | None:
        """Another lane than `but` that waits without any connection.

        If `but` is the open lane: also a limited lane with fewer connections.
        """
        for lane in self:
            short = not lane.lines or (but.name == OPEN and lane.lines < but.lines)
            if lane is not but and short and lane.wants:
                return lane
        return None

    def in_time(self, lane: Lane, *, idle: bool) -> bool:
        """Whether the next copy of a lane may leave now; `idle`: no copy is on the way.

        A copy with an interval is not pipelined behind a body: nobody knows when the relay will
        have answered the body.
        """
        spacing = lane.spacing or self.whole.spacing
        if not spacing:
            return True
        if lane.spacing == float("inf") or self.whole.spacing == float("inf"):
            return False
        return idle and time.monotonic() >= max(lane.next_at, self.whole.next_at)

    def due_in(self) -> float | None:
        """Seconds until a lane with an interval may go on; None if no lane waits for that."""
        now = time.monotonic()
        moments = (max(it.next_at, self.whole.next_at) for it in self if it.waiting)
        return min((it - now for it in moments if it > now), default=None)


class Line:
    """One connection as the lanes see it: which lane it carries for, and how much it has carried.

    `idle()` says whether no copy is on the way. `retire()` is called when the connection is to end:
    it has carried what it may, or there are too many connections.
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
        """Whether the connection carries nothing more, and is about to end."""
        self.lane: Lane | None = None
        self.last: Copy | None = None
        """The copy that was taken last."""

    def next(self) -> Copy | None:
        """The next copy for this connection; None if there is none, or none before a reply."""
        lane = self.lane
        promised = None
        if lane is not None:
            if self._lanes.alone and lane.terms is FREE and lane.waiting:
                self.last = copy = lane.waiting.popleft()
                return copy
            if self._may_continue(lane):
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
        """Carry nothing more; the connection counts for its lane until it has ended."""
        if not self.retired:
            self.retired = True
            self._retire()

    def leave(self) -> None:
        """Leave the lane, and withdraw the promise to another lane."""
        if self._promise is not None:
            self._promise.coming -= 1
            self._promise = None
        if self.lane is not None:
            self.lane.lines -= 1
            self.lane = None

    def _may_continue(self, lane: Lane) -> bool:
        """Whether the connection may carry another copy for its present lane."""
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
