"""Lanes and connections, without a wire: which connection carries which lane's copies."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mailer.providers import OPEN, WHOLE
from mailer.smtp.courier import LaneTerms
from mailer.smtp.lanes import Lanes, Line


class Wire:
    """A connection that pipelines: it writes a copy while the one before awaits its answer."""

    def __init__(self, lanes: Lanes) -> None:
        self.on_the_way: list[str] = []
        self.ended = False
        self.line = Line(lanes, lambda: not self.on_the_way, self._retire)

    def _retire(self) -> None:
        self.ended = True

    def ask(self) -> None:
        """Take a copy if the connection may: one copy at most waits behind the one on its way."""
        if len(self.on_the_way) < 2 and not self.ended:
            copy: Any = self.line.next()
            if copy is not None:
                self.on_the_way.append(copy)

    def answered(self) -> None:
        """Let the relay answer the first copy."""
        if self.on_the_way:
            self.on_the_way.pop(0)
        self.ask()

    def lanes(self) -> set[str]:
        return {copy.split("-")[0] for copy in self.on_the_way}


def post(lanes: Lanes, name: str, count: int) -> None:
    waiting: Any = lanes.of(name).waiting
    waiting.extend(f"{name or 'open'}-{n}" for n in range(count))
    lanes.look()


def test_a_lane_has_no_more_connections_than_it_may_and_the_others_go_on() -> None:
    lanes = Lanes()
    lanes.agree("slow", LaneTerms(connections=2))
    post(lanes, "slow", 50)
    post(lanes, OPEN, 50)
    wires = [Wire(lanes) for _ in range(6)]
    for wire in wires:
        wire.ask()
    assert Counter(it for wire in wires for it in wire.lanes()) == {"slow": 2, OPEN: 4}


def test_where_there_is_one_connection_lanes_take_turns() -> None:
    lanes = Lanes()
    lanes.agree("slow", LaneTerms(connections=2))
    post(lanes, "slow", 100)
    post(lanes, OPEN, 100)
    wire = Wire(lanes)
    seen: list[str] = []
    for _ in range(400):
        wire.answered()
        seen += wire.on_the_way[-1:]
    first = {it.split("-")[0] for it in seen[:100]}
    assert first == {"slow", OPEN}
    assert not lanes


def test_a_connection_that_has_carried_what_it_may_retires_and_keeps_its_place_till_then() -> None:
    lanes = Lanes()
    lanes.agree("slow", LaneTerms(connections=1, messages=5))
    post(lanes, "slow", 20)
    wire, other = Wire(lanes), Wire(lanes)
    carried = 0
    while not wire.ended:
        wire.answered()
        other.ask()
        carried += bool(wire.on_the_way)
        assert not other.on_the_way
    assert len(lanes.of("slow").waiting) == 15
    wire.line.leave()
    other.ask()
    assert other.lanes() == {"slow"}


def test_a_connection_beyond_the_limit_retires() -> None:
    lanes = Lanes()
    post(lanes, OPEN, 20)
    wire = Wire(lanes)
    wire.ask()
    lanes.crowded = True
    lanes.look()
    wire.answered()
    assert wire.ended
    assert not wire.on_the_way


def test_no_copy_a_second_is_none_at_all() -> None:
    lanes = Lanes()
    lanes.agree(WHOLE, LaneTerms(per_second=0))
    post(lanes, OPEN, 3)
    wire = Wire(lanes)
    wire.ask()
    assert not wire.on_the_way
    assert lanes.wants() == 0


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(1, 3), min_size=1),
    st.integers(1, 6),
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(["", "a", "b", "c"]), st.integers(0, 30)),
        max_size=150,
    ),
)
def test_whatever_comes_each_lane_keeps_to_its_connections_and_all_is_carried(
    limits: dict[str, int], count: int, story: list[tuple[int, str, int]]
) -> None:
    lanes = Lanes()
    for name, most in limits.items():
        lanes.agree(name, LaneTerms(connections=most))
    wires = [Wire(lanes) for _ in range(count)]

    def look() -> None:
        busy = Counter(it for wire in wires for it in wire.lanes())
        assert all(busy[name] <= most for name, most in limits.items())
        assert all(len(wire.lanes()) <= 1 for wire in wires)

    for place, name, copies in story:
        if copies:
            post(lanes, name, copies)
        wires[place % count].answered()
        look()
    for _ in range(3_000):
        for wire in wires:
            wire.answered()
        look()
        if not lanes and not any(wire.on_the_way for wire in wires):
            break
    assert not lanes


def test_limits_of_the_whole_relay_are_not_limits_of_the_open_lane() -> None:
    lanes = Lanes()
    lanes.agree(WHOLE, LaneTerms(connections=1))
    assert lanes.whole.terms == LaneTerms(connections=1)
    assert lanes.of(OPEN).terms == LaneTerms()
    lanes.agree(OPEN, LaneTerms(connections=2))
    assert lanes.whole.terms == LaneTerms(connections=1)
    assert WHOLE != OPEN
