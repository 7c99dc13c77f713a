"""Which names of lists are slips for others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.list_names import distance, nearest

LISTS = ("comite", "retraites", "cse", "lettre-2026")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("comit", "comite"),
        ("comiet", "comite"),
        ("Comité", "comite"),
        ("comites", "comite"),
        ("kommite", "comite"),
        ("retraite", "retraites"),
        ("retraites-2027", "retraites"),
        ("lettre_2026", "lettre-2026"),
        ("lettre", "lettre-2026"),
        ("csse", "cse"),
        ("cs", None),
        ("bureau", None),
        ("jeunes", None),
        ("comite", None),
        ("", None),
    ],
)
def test_a_name_that_is_near_to_a_lists_is_probably_a_slip(written: str, meant: str | None) -> None:
    assert nearest(written, LISTS) == meant


def test_without_lists_nothing_is_a_slip() -> None:
    assert nearest("comite", ()) is None


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_a_distance_is_the_same_both_ways_and_nought_for_the_same(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one) <= max(len(one), len(other))
    assert (distance(one, other) == 0) == (one == other)
