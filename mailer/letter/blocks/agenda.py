"""Reads the lines of an agenda: `2026-12-01 18:00 | place | what`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time

from mailer.letter import dates
from mailer.letter.blocks import grammar
from mailer.letter.blocks.faults import Faults, Line
from mailer.letter.blocks.kinds import Event
from pli.hours import plain
from pli.language import N_, say

MOST = 100
"""So many dates in one agenda: each is a row of a table, and an event in a file."""
_HOUR = re.compile(r"(?<![\d:])\d{1,2}:\d\d(?![\d:])")
_BEFORE = ("à", "at", "de", "from")
_BETWEEN = frozenset(("-", "–", "—", "à", "to", ""))
_YEARS = range(1970, 2101)
"""The years of which calendars know the clocks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of an agenda: the event, and the texts of its place and of what it is."""

    event: Event
    line: Line
    place: str
    what: str


def entries(lines: Sequence[Line], faults: Faults) -> list[Entry]:
    """The dates of an agenda, in the author's order; those that are faults are left out."""
    written = [line for line in lines if line.text.strip()]
    if len(written) > MOST:
        fault = say(N_("the agenda has more than {n} dates: put some on a web page"), n=MOST)
        faults.add(written[MOST].number, fault)
        return []
    return [entry for line in written for entry in _entry(line, faults)]


def _entry(line: Line, faults: Faults) -> Iterator[Entry]:
    cells = line.text.split("|")
    if len(cells) not in (2, 3):
        fault = say(N_('this line is no date: write it like "2026-12-01 18:00 | Place | What"'))
        faults.at(line, 0, fault)
        return
    texts = [cell.strip() for cell in cells]
    if not texts[-1]:
        fault = say(N_("nothing says what happens then: write it behind the last |"))
        faults.at(line, len(line.text), fault)
        return
    indent = len(line.text) - len(line.text.lstrip())
    if event := _event(texts[0], line, indent, faults):
        yield Entry(event, line, texts[1] if len(texts) == 3 else "", texts[-1])


def _event(text: str, line: Line, offset: int, faults: Faults) -> Event | None:
    day, hours = _parts(plain(text))
    if day is None:
        fault = say(
            N_('"{text}" is no date that exists: write it like 2026-12-01 18:00'),
            text=grammar.shown(text, faults),
        )
        faults.at(line, offset, fault)
        return None
    times: list[time] = []
    for hour in hours:
        try:
            times.append(time.fromisoformat(hour.zfill(5)))
        except ValueError:
            fault = say(N_('"{hour}" is no hour that exists: write it like 18:00'), hour=hour)
            faults.at(line, offset, fault)
            return None
    begins, ends, *_ = (*times, None, None)
    if begins and ends and ends <= begins:
        fault = say(N_("this ends at {ends}, before it begins"), ends=f"{ends:%H:%M}")
        faults.at(line, offset, fault)
        return None
    return Event(day, begins, ends)


def _parts(text: str) -> tuple[date | None, list[str]]:
    """The day that a text names, and its hours; no day for a text with anything else in it."""
    found = [*_HOUR.finditer(text)]
    if not found:
        return _day(text), []
    day = text[: found[0].start()].rstrip(" ,")
    for word in _BEFORE:
        day = day.removesuffix(f" {word}").rstrip(" ,")
    between = [
        text[one.end() : following.start()].strip() for one, following in itertools.pairwise(found)
    ]
    known = len(between) <= 1 and _BETWEEN.issuperset(between)
    if not known or text[found[-1].end() :].strip():
        return None, []
    return _day(day), [it[0] for it in found]


def _day(text: str) -> date | None:
    """A date, perhaps behind the name of its day, as in "mardi 1er décembre 2026"."""
    day = dates.read(text) or dates.read(text.partition(" ")[2])
    return day if day and day.year in _YEARS else None
