"""A throttle slows one provider down by a share of its latest answers, and lets it recover."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from mailer.models import Stage
from mailer.outcomes import judge
from mailer.pacing.limits import NONE, Limits
from mailer.pacing.sharing import fair, to_hold
from mailer.pacing.throttle import HIGHEST, RESTS, Heard, Throttle, heard_from

START = 1_800_000_000.0


def test_a_few_copies_that_are_put_off_stop_nobody() -> None:
    throttle = Throttle().hears(Heard(9, put_off=9), START)
    assert throttle.level == 0
    throttle = Throttle().hears(Heard(200, put_off=20), START)
    assert throttle.level == 0


def test_many_put_off_slow_a_provider_down_and_let_it_rest() -> None:
    throttle = Throttle().hears(Heard(20, put_off=12, said="451 4.7.1"), START)
    assert (throttle.level, throttle.said) == (1, "451 4.7.1")
    assert throttle.rests(START + RESTS[1] - 1)
    assert not throttle.rests(START + RESTS[1])


def test_two_connections_that_end_by_421_are_enough() -> None:
    assert Throttle().hears(Heard(8, farewells=1), START).level == 0
    assert Throttle().hears(Heard(8, farewells=2), START).level == 1


def test_what_was_on_its_way_when_the_rest_began_changes_nothing() -> None:
    throttle = Throttle().hears(Heard(10, put_off=10), START)
    assert throttle.hears(Heard(10, put_off=10), START + 1) == throttle


def test_a_throttle_recovers_by_accepted_probes_and_rests_longer_after_others() -> None:
    now, throttle = START, Throttle()
    for level in range(1, HIGHEST + 1):
        throttle = throttle.hears(Heard(20, put_off=20), now)
        assert throttle.level == level
        assert throttle.rest_until == now + RESTS[level]
        now = throttle.rest_until
    for level in reversed(range(HIGHEST)):
        throttle = throttle.hears(Heard(throttle.probe), now)
        assert throttle.level == level
    assert throttle == Throttle()


def test_a_rest_that_a_clock_set_back_has_moved_far_ahead_is_over() -> None:
    throttle = Throttle(1, rest_until=START + 10_000)
    assert not throttle.rests(START)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50), st.floats(0, 1_000))))
def test_a_rest_is_never_longer_than_the_longest_and_no_level_above_the_highest(
    windows: list[tuple[int, int, float]],
) -> None:
    now, throttle = START, Throttle()
    for tries, put_off, wait in windows:
        now += wait
        throttle = throttle.hears(Heard(tries, put_off=min(tries, put_off)), now)
        assert 0 <= throttle.level <= HIGHEST
        assert throttle.rest_until <= now + RESTS[-1]
        assert throttle.probe >= 1


def test_what_a_reply_says_of_the_relay_itself_slows_no_provider() -> None:
    def heard(code: int, text: str) -> Heard:
        return heard_from([judge(Stage.RCPT, code, text)])

    assert heard(451, "4.7.1 try again later").put_off == 1
    assert heard(451, "4.7.1 Greylisting in action").weight == 0
    assert heard(421, "4.7.0 too many").farewells == 1
    assert heard(452, "4.3.1 insufficient storage").weight == 0
    assert heard(550, "5.1.1 no such user").weight == 0
    assert heard(450, "4.7.25 no name for marie@example.org").said == "450 4.7.25"


def test_what_a_reply_says_of_one_mailbox_slows_nobody_elses() -> None:
    def heard(code: int, text: str, stage: Stage = Stage.RCPT) -> Heard:
        return heard_from([judge(stage, code, text)])

    assert heard(452, "4.2.2 mailbox full").weight == 0
    assert heard(452, "4.2.2 mailbox full", Stage.BODY).weight == 0
    assert heard(450, "4.1.1 not known yet").weight == 0
    assert heard(450, "4.1.8 sender address rejected: domain not found").put_off == 1
    assert heard(450, "4.2.1 try again later", Stage.MAIL).put_off == 1
    assert heard(450, "mailbox busy").put_off == 1
    assert heard(421, "4.2.1 try again later").farewells == 1


def test_slowed_limits_have_at_least_one_connection_left() -> None:
    assert NONE.slowed(0, 10) == NONE
    assert NONE.slowed(1, 10).connections == 5
    assert NONE.slowed(6, 10).connections == 1
    assert Limits(connections=2, per_second=10).slowed(2, 10) == Limits(connections=1, per_second=2)


@given(st.integers(1, 50), st.sets(st.integers(0, 99), min_size=1, max_size=20))
def test_fair_parts_are_the_whole_and_differ_by_one_at_most(limit: int, holders: set[int]) -> None:
    parts = [fair(limit, holders, me) for me in holders]
    assert sum(parts) == limit
    assert max(parts) - min(parts) <= 1


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["beat", "beat", "come", "go", "die"]))),
)
def test_workers_that_come_and_go_never_hold_more_than_all_shares(
    limit: int, story: list[tuple[int, str]]
) -> None:
    """Each worker uses no more than its last beat told it; all workers see the same rows."""
    rows: dict[int, int] = {}
    used: dict[int, int] = {}

    def beat(me: int) -> None:
        others = sum(n for it, n in rows.items() if it != me)
        due = fair(limit, rows, me)
        rows[me] = to_hold(limit, fair=due, others=others, in_use=used.get(me, 0))
        used[me] = min(due, rows[me])

    acts: dict[str, Callable[[int], object]] = {
        "come": beat,
        "beat": lambda me: beat(me) if me in used else None,
        "go": lambda me: (used.pop(me, None), rows.pop(me, None)),
        "die": lambda me: used.pop(me, None),
    }
    for me, what in story:
        acts[what](me)
        assert sum(rows.values()) <= limit
        assert all(used[it] <= rows[it] for it in used)
    alive = list(used)
    for it in set(rows) - set(alive):
        del rows[it]
    for _ in range(3):
        for me in alive:
            beat(me)
    assert sum(used.values()) == (limit if alive else 0)
