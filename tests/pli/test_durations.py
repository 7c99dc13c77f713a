"""Numbers as people type them, and stretches of time in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pli.durations import lasting, typed_number


@pytest.mark.parametrize(
    "text",
    ["1204", "1 204", "1\u202f204", "1\u00a0204", "1,204", "1.204", "1'204", "1’204", " 1204 ",
     "١٢٠٤", "١\u066c٢٠٤", "१२०४", "\u200f١٢٠٤"],
)  # fmt: skip
def test_a_number_is_understood_as_people_type_it(text: str) -> None:
    assert typed_number(text) == 1204


@pytest.mark.parametrize("text", ["", " ", "-5", "mille", "12x", "²", "½", "1e3", "9" * 40])
def test_what_is_no_number_is_none(text: str) -> None:
    assert typed_number(text) is None


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_a_number(text: str) -> None:
    found = typed_number(text)
    assert found is None or found >= 0


def test_a_stretch_of_time_is_told_in_its_two_largest_units() -> None:
    told = [
        (timedelta(days=2, hours=3, minutes=20), "2 days and 3 hours", "2 jours et 3 heures"),
        (timedelta(minutes=61), "1 hour and 1 minute", "1 heure et 1 minute"),
        (timedelta(seconds=20), "less than a minute", "moins d’une minute"),
        (timedelta(seconds=-5), "less than a minute", "moins d’une minute"),
        (timedelta(days=1), "1 day", "1 jour"),
    ]
    for time, english, french in told:
        assert (lasting(time).tell("en"), lasting(time).tell("fr")) == (english, french)
