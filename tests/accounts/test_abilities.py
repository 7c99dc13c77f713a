"""What each right may do: the table, and how lists are added up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.abilities import MAY, Ability, Granted, OnLists, Right

A, R = Ability, Right
OF_PEOPLE_AND_LETTERS = set(Ability) - MAY[R.OPERATOR]

LISTS = st.frozensets(st.integers(1, 5))
ROWS = st.lists(st.tuples(st.sampled_from(Right), st.none() | st.integers(1, 5)))


def test_every_ability_is_of_some_right_and_every_right_has_some() -> None:
    assert set().union(*MAY.values()) == set(Ability)
    assert set(MAY) == set(Right)
    assert all(MAY.values())


def test_an_operator_sees_no_person_and_no_letter() -> None:
    operator = Granted.of([(R.OPERATOR, None)])
    assert not [it for it in OF_PEOPLE_AND_LETTERS if operator.may_somewhere(it)]
    assert operator.may(A.RELAYS)


@pytest.mark.parametrize(
    ("rows", "ability", "lists", "may"),
    [
        ([(R.AUTHOR, 1)], A.WRITE_DRAFTS, [1], True),
        ([(R.AUTHOR, 1)], A.WRITE_DRAFTS, [1, 2], False),
        ([(R.AUTHOR, 1), (R.AUTHOR, 2)], A.WRITE_DRAFTS, [1, 2], True),
        ([(R.AUTHOR, 1), (R.SENDER, 2)], A.WRITE_DRAFTS, [1, 2], False),
        ([(R.AUTHOR, 1), (R.SENDER, 2)], A.SEE_DRAFTS, [1, 2], True),
        ([(R.AUTHOR, None)], A.WRITE_DRAFTS, [1, 2], True),
        ([(R.AUTHOR, None)], A.APPROVE, [1], False),
        ([(R.AUTHOR, 1)], A.WRITE_DRAFTS, [], False),
        ([(R.AUTHOR, None)], A.WRITE_DRAFTS, [], True),
        ([(R.READER, 1)], A.SEE_COPIES, [1], False),
        ([(R.WHO, 1)], A.SEE_COPIES, [1], True),
        ([(R.OPERATOR, None)], A.RELAYS, [], True),
        ([(R.RIGHTS, None)], A.ERASURE, [], True),
        ([], A.SEE_NUMBERS, [1], False),
    ],
)
def test_all_lists_of_a_thing_are_needed(
    rows: list[tuple[Right, int | None]], ability: Ability, lists: list[int], may: bool
) -> None:
    assert Granted.of(rows).may(ability, lists) is may


@given(ROWS, st.sampled_from(Ability), LISTS)
def test_what_may_be_done_to_several_lists_may_be_done_to_each(
    rows: list[tuple[Right, int | None]], ability: Ability, lists: frozenset[int]
) -> None:
    granted = Granted.of(rows)
    each = all(granted.may(ability, [it]) for it in lists)
    if lists:
        assert granted.may(ability, lists) is each
    assert granted.lists_for(ability).among(sorted(lists)) == [
        it for it in sorted(lists) if granted.may(ability, [it])
    ]
    assert granted.may_somewhere(ability) or not granted.may(ability, lists)


def test_no_list_is_nothing() -> None:
    assert not OnLists()
    assert OnLists(ids=frozenset({1}))
    assert OnLists(every=True)


@pytest.mark.parametrize("right", Right)
def test_those_who_send_keep_or_administer_need_two_factors(right: Right) -> None:
    wanted = right in {R.SENDER, R.KEEPER, R.RIGHTS, R.OPERATOR}
    assert Granted.of([(right, None)]).needs_two_factors is wanted
