"""Dates are written as a person of the language writes them."""

from __future__ import annotations

from datetime import date

import pytest

from mailer.letter import dates
from tests.factories import letter
from tests.mailer.letter.rendered import html, text


@pytest.mark.parametrize(
    ("of", "language", "written"),
    [
        (date(2026, 12, 1), "fr", "1er décembre 2026"),
        (date(2026, 12, 11), "fr", "11 décembre 2026"),
        (date(2026, 12, 21), "fr", "21 décembre 2026"),
        (date(2026, 12, 1), "en", "December 1, 2026"),
    ],
)
def test_french_counts_the_first_of_a_month(of: date, language: str, written: str) -> None:
    assert dates.written(of, "long", language) == written
    assert dates.read(written) in (of, None)


def test_the_first_of_a_month_is_counted_wherever_a_letter_shows_it() -> None:
    first = date(2026, 5, 1)
    body = "Le {{ campaign.date }}.\n\n::: agenda\n2026-05-01 | Fête\n:::"
    for part in (html(body, date=first), text(body, date=first)):
        assert part.count("1er mai 2026") == 3
        assert "1 mai 2026" not in part
    assert letter(body).date != first
