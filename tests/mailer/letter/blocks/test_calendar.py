"""The dates of a letter as a file: read back by a calendar, the same at each sending."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Event

from mailer.letter.blocks import calendar_zone
from mailer.letter.press import press
from pli.hours import zone_of
from tests.factories import IDENTITY, letter
from tests.mailer.letter.rendered import THEME, pressed

BODY = (
    "::: agenda\n"
    "2026-12-01 18:00 | Gare d'Aubrac | Réunion, publique ; « oui »\n"
    "2027-07-14 9h-12h | | Fête [ici](https://example.org/)\n"
    "2026-12-24 | Fermeture\n"
    ":::"
)


def events(data: bytes) -> list[Event]:
    return Calendar.from_ical(data.decode()).events


def begins(event: Event) -> datetime:
    """When an event that has an hour begins."""
    assert isinstance(event.start, datetime)
    return event.start


def test_a_letter_with_dates_has_one_calendar_and_others_none() -> None:
    [attachment] = pressed(f"{BODY}\n\n::: agenda\n2026-12-31 | Fin\n:::").attachments
    assert (attachment.name, attachment.kind) == ("agenda.ics", "ics")
    assert [str(it["summary"]) for it in events(attachment.data)][-1] == "Fin"
    assert pressed("Rien.").attachments == ()


def test_a_calendar_reads_hours_places_and_whole_days() -> None:
    [attachment] = pressed(BODY).attachments
    meeting, party, closed = events(attachment.data)
    paris = ZoneInfo("Europe/Paris")
    assert begins(meeting) == datetime(2026, 12, 1, 18, tzinfo=paris)
    assert begins(meeting).utcoffset() == timedelta(hours=1)
    assert "dtend" not in meeting
    assert str(meeting["location"]) == "Gare d'Aubrac"
    assert str(meeting["summary"]).replace("\u202f", " ") == "Réunion, publique ; « oui »"
    assert begins(party).utcoffset() == timedelta(hours=2)
    assert party.end == datetime(2027, 7, 14, 12, tzinfo=paris)
    assert "location" not in party
    assert str(party["summary"]) == "Fête ici"
    assert (closed.start, closed.end) == (date(2026, 12, 24), date(2026, 12, 25))


def test_lines_are_as_the_standard_wants_them() -> None:
    long = "été " * 60
    [attachment] = pressed(f"::: agenda\n2026-12-01 18:00 | 😀 | {long}\n:::").attachments
    lines = attachment.data.split(b"\r\n")
    assert lines[-1] == b""
    assert all(len(line) <= 75 and b"\n" not in line for line in lines)
    assert [str(it["summary"]) for it in events(attachment.data)] == [long.strip()]


def test_the_same_letter_gives_the_same_bytes_and_each_date_its_own_mark() -> None:
    twice = "::: agenda\n2026-12-01 | Fête\n2026-12-01 | Fête\n2026-12-02 | Fête\n:::"
    first, again = (pressed(twice).attachments[0].data for _ in range(2))
    assert first == again
    marks = [str(it["uid"]) for it in events(first)]
    assert len(set(marks)) == 3
    assert all(it.endswith("@orme.example.org") for it in marks)
    other = pressed(twice, number=295).attachments[0].data
    assert not set(marks) & {str(it["uid"]) for it in events(other)}


def test_stamps_are_in_utc_and_of_the_letters_day() -> None:
    [attachment] = pressed(BODY).attachments
    assert b"DTSTAMP:20261124T000000Z" in attachment.data
    assert {it.DTSTAMP for it in events(attachment.data)} == {datetime(2026, 11, 24, tzinfo=UTC)}


def test_what_is_personal_is_what_somebody_without_values_would_read() -> None:
    what = 'Fête de {{ subscriber.first_name or "tous" }}'
    body = f"::: agenda\n2026-12-01 | {{{{ list.title }}}} | {what}\n:::"
    [event] = events(pressed(body).attachments[0].data)
    assert str(event["summary"]) == "Fête de tous"
    assert "{{" not in str(event.get("location", ""))


def test_hours_are_those_of_the_committees_time_zone() -> None:
    away = replace(IDENTITY, timezone="Pacific/Noumea")
    data = press(letter(BODY), THEME, away).attachments[0].data
    assert begins(events(data)[0]).utcoffset() == timedelta(hours=11)
    assert b"TZID:Pacific/Noumea" in data


@pytest.mark.parametrize(
    "name",
    ["Europe/Paris", "America/Martinique", "America/New_York", "Australia/Lord_Howe", "+01:00"],
)
def test_a_time_zone_says_what_its_clocks_say(name: str) -> None:
    """Hour by hour over three years, but for the hours that come twice or never."""
    written = calendar_zone.written(name, 2026, 2028).to_tz(lookup_tzid=False)
    zone = zone_of(name)
    local, end = datetime(2026, 1, 1, tzinfo=zone), datetime(2028, 12, 31, tzinfo=zone)
    while local < end:
        if local.utcoffset() == local.replace(fold=1).utcoffset():
            assert local.replace(tzinfo=written).utcoffset() == local.utcoffset(), local
        local += timedelta(hours=1)
