"""Writes the dates of a letter as a file that calendars read (iCalendar, RFC 5545)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from mailer.letter.blocks import calendar_zone
from mailer.letter.blocks.kinds import Agenda, Block, Event, Part
from mailer.letter.blocks.parts import Parts

if TYPE_CHECKING:
    from icalendar import Event as Entry

NAME = "agenda.ics"
"""The name of the file; it gives nobody away as a member of anything."""
_PROGRAM = "-//Pli//agenda//FR"


@dataclass(frozen=True, slots=True)
class Appointment:
    """An event with its texts, the same for everybody."""

    event: Event
    what: str
    place: str = ""


def appointments(
    tree: Element, blocks: Mapping[str, Block], filled: Callable[[str], str]
) -> Iterator[Appointment]:
    """The dates of all agendas in a tree; `filled` says what stands for expressions in a text."""
    parts = Parts(blocks)
    for element in tree.iter():
        if not isinstance(parts.block(element), Agenda):
            continue
        for child, event in parts.events(element):
            what, place = (_text(parts.find(child, it)) for it in (Part.WHAT, Part.PLACE))
            yield Appointment(event, filled(what), filled(place))


def _text(part: Element | None) -> str:
    return " ".join("".join(part.itertext()).split()) if part is not None else ""


def written(
    dates: Sequence[Appointment], *, zone: str, letter: int, written_on: date, domain: str
) -> bytes:
    """A calendar of these dates, by the clocks of a time zone.

    `letter` is the letter's number, `domain` the sender's. The same letter gives the same bytes at
    each sending, so that a calendar that gets it twice has each date once.
    """
    # Imported here, for it takes 60 ms, and few letters have dates.
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", _PROGRAM)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    years = [it.event.day.year for it in dates]
    calendar.add_component(calendar_zone.written(zone, min(years), max(years)))
    stamp = datetime.combine(written_on, time(), UTC)
    seen: Counter[str] = Counter()
    for one in dates:
        mark = f"{letter}|{one.event.day}|{one.event.begins}|{one.what}|{one.place}"
        seen[mark] += 1
        hashed = hashlib.sha256(f"{domain}|{mark}|{seen[mark]}".encode()).hexdigest()[:32]
        calendar.add_component(_entry(one, zone, stamp, f"{hashed}@{domain}"))
    return bytes(calendar.to_ical())


def _entry(one: Appointment, zone: str, stamp: datetime, uid: str) -> Entry:
    from icalendar import Event as Entry

    entry = Entry()
    entry.add("uid", uid)
    entry.add("dtstamp", stamp)
    day, begins, ends = one.event.day, one.event.begins, one.event.ends
    if begins is None:
        entry.add("dtstart", day)
        entry.add("dtend", day + timedelta(days=1))
    else:
        # Without a tzinfo, since the library would name an offset in a way of its own.
        here = {"TZID": zone}
        entry.add("dtstart", datetime.combine(day, begins), parameters=here)
        if ends is not None:
            entry.add("dtend", datetime.combine(day, ends), parameters=here)
    entry.add("summary", one.what)
    if one.place:
        entry.add("location", one.place)
    return entry
