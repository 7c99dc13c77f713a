"""Hours as people write them: each is one moment, or an error says why not."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pli import hours
from pli.hours import Hour, HourError, zone_of
from pli.language import say

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25 08:00", "2026-11-25T07:00+00:00"),
        ("2026-11-25T08:00", "2026-11-25T07:00+00:00"),
        ("2027-07-14 08:00", "2027-07-14T06:00+00:00"),
        ("2026-11-25 08:00 Europe/London", "2026-11-25T08:00+00:00"),
        ("2026-11-25 08:00 UTC", "2026-11-25T08:00+00:00"),
        ("2026-11-25 08:00+03:00", "2026-11-25T05:00+00:00"),
        ("2026-11-25T08:00Z", "2026-11-25T08:00+00:00"),
        ("18:30", "2026-11-24T17:30+00:00"),
        ("8:30", "2026-11-25T07:30+00:00"),
        ("8:30 America/Guadeloupe", "2026-11-24T12:30+00:00"),
        ("8:00", "2026-11-25T07:00+00:00"),
        ("8h", "2026-11-25T07:00+00:00"),
        ("8 h", "2026-11-25T07:00+00:00"),
        ("8H", "2026-11-25T07:00+00:00"),
        ("08h00", "2026-11-25T07:00+00:00"),
        ("8 h 30", "2026-11-25T07:30+00:00"),
        ("18h30", "2026-11-24T17:30+00:00"),
        ("8h UTC", "2026-11-25T08:00+00:00"),
        ("8 h America/Guadeloupe", "2026-11-24T12:00+00:00"),
        ("2026-11-30 8:00", "2026-11-30T07:00+00:00"),
        ("2026-11-30 8h", "2026-11-30T07:00+00:00"),
        ("2026-11-30T8:00", "2026-11-30T07:00+00:00"),
        ("2026-11-30, 8:00", "2026-11-30T07:00+00:00"),
        ("2026/11/30 8h", "2026-11-30T07:00+00:00"),
        ("30/11/2026 8:00", "2026-11-30T07:00+00:00"),
        ("30/11/2026 08h00", "2026-11-30T07:00+00:00"),
        ("30.11.2026 8h", "2026-11-30T07:00+00:00"),
        ("30-11-2026 8h", "2026-11-30T07:00+00:00"),
        ("30/11/2026 à 8h", "2026-11-30T07:00+00:00"),
        ("1/2/2027  at 8:00 Europe/London", "2027-02-01T08:00+00:00"),
        ("\u202f30/11/2026\u00a08\u202fh\u202f30 ", "2026-11-30T07:30+00:00"),
    ],
)
def test_an_hour_is_read_in_its_zone(text: str, moment: str) -> None:
    read = hours.parse(text, zone="Europe/Paris", now=NOW)
    assert read.moment == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", "is no hour"),
        ("2026-11-25", "is no hour"),
        ("2026-13-25 08:00", "is no hour"),
        ("25:00", "is no hour"),
        ("25h", "is no hour"),
        ("8h5", "is no hour"),
        ("8h75", "is no hour"),
        ("8", "is no hour"),
        ("11/30/2026 8:00", "is no hour"),
        ("30/11/26 8:00", "is no hour"),
        ("30/11/2026", "is no hour"),
        ("30/11-2026 8:00", "is no hour"),
        ("8:00 pm", "no such time zone"),
        ("1" * 5000, "is no hour"),
        ("2026-11-25 08:00 Nowhere/Land", "no such time zone"),
        ("2026-11-25 08:00+01:00 Europe/Paris", "is no hour"),
        ("2027-03-28 02:30", "does not exist"),
        ("2027-10-31 02:30", "comes twice"),
        ("2026-11-24 09:59", "is over"),
        ("9999-12-31 23:59 America/New_York", "is no hour"),
        ("", "is no hour"),
    ],
)
def test_a_text_that_is_not_one_hour_is_refused_in_a_line(text: str, why: str) -> None:
    with pytest.raises(HourError, match=why):
        hours.parse(text, zone="Europe/Paris", now=NOW)


@given(st.text(max_size=30))
def test_any_text_is_an_hour_or_an_error_of_ours(text: str) -> None:
    with suppress(HourError):
        assert hours.parse(text, zone="Europe/Paris", now=NOW).moment > NOW


def test_an_hour_is_told_in_words_in_both_languages() -> None:
    at = hours.parse("2026-11-25 08:00", zone="Europe/Paris", now=NOW)
    assert at.tell("fr") == "mercredi 25 novembre 2026 à 8 h (heure de Paris)"
    assert at.tell("en") == "Wednesday, November 25, 2026 at 08:00 (Paris time)"
    assert "mercredi" in say("{hour}", hour=at).tell("fr")
    assert "à 8 h (+0100)" in Hour(at.moment, "+0100").tell("fr")
    for zone, told in (
        ("America/Guadeloupe", "à 3 h (heure de Guadeloupe)"),
        ("Asia/Kolkata", "à 12 h 30 (heure de Kolkata)"),
        ("Africa/Abidjan", "à 7 h (heure d’Abidjan)"),
        ("UTC", "à 7 h (UTC)"),
        ("Etc/GMT+1", "à 6 h (Etc/GMT+1)"),
    ):
        assert Hour(at.moment, zone).tell("fr").endswith(told), zone


@pytest.mark.parametrize("name", ["+99", "-", "+", "+24:00", "-1", "+1:2:3:4", "+" + "9" * 5_000])
def test_a_distance_to_utc_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(HourError, match="no such time zone") as refused:
        zone_of(name)
    assert len(str(refused.value)) < 250
