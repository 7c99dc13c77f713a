"""What became of a foreign document: taken over, changed, or left out, each with its place."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pli.language import N_, Sentence, as_document, as_sentence, say

LONGEST_PLACE = 60
"""Signs of the words that name a place."""


class Fate(enum.Enum):
    """What became of a part of a document."""

    TAKEN = "taken over"
    CHANGED = "changed"
    LEFT_OUT = "left out"


@dataclass(slots=True)
class Entry:
    """One thing that happened, and after which words it did, each time; "" is the beginning."""

    fate: Fate
    sentence: Sentence
    places: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """All that became of a document, in the order of its first time."""

    _entries: dict[str, Entry] = field(default_factory=dict)
    """By fate and sentence, as JSON: a report may have as many entries as a document has words."""

    @property
    def entries(self) -> Sequence[Entry]:
        """All entries, in the order of their first time."""
        return [*self._entries.values()]

    def add(self, fate: Fate, sentence: Sentence, place: str | None = None) -> None:
        """Note what happened; the same thing elsewhere adds its place."""
        self.add_entry(Entry(fate, sentence, [] if place is None else [place]))

    def add_entry(self, entry: Entry) -> None:
        """Note what happened, with all its places."""
        key = json.dumps([entry.fate.value, as_document(entry.sentence)], default=str)
        there = self._entries.setdefault(key, entry)
        if there is not entry:
            there.places.extend(entry.places)

    def changed(self, sentence: Sentence, place: str | None = None) -> None:
        """Note a change."""
        self.add(Fate.CHANGED, sentence, place)

    def left_out(self, sentence: Sentence, place: str | None = None) -> None:
        """Note a loss."""
        self.add(Fate.LEFT_OUT, sentence, place)

    def of(self, fate: Fate) -> Sequence[Entry]:
        """The entries of one fate."""
        return [it for it in self._entries.values() if it.fate is fate]

    def lines(self, fate: Fate) -> Iterator[Sentence]:
        """The sentences of one fate, each with its place."""
        yield from (placed(it.sentence, it.places) for it in self.of(fate))

    def as_document(self) -> list[dict[str, Any]]:
        """The report as JSON."""
        return [
            {"fate": it.fate.value, "sentence": as_document(it.sentence), "places": it.places}
            for it in self._entries.values()
        ]

    @classmethod
    def of_document(cls, document: Sequence[dict[str, Any]]) -> Report:
        """A report that was kept as JSON."""
        report = cls()
        for it in document:
            entry = Entry(Fate(it["fate"]), as_sentence(it["sentence"]), list(it["places"]))
            report.add_entry(entry)
        return report


def place_of(text: str) -> str:
    """Words as they name a place: on one line, and not too many."""
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_PLACE else flat[: LONGEST_PLACE - 1].rstrip() + "…"


def placed(sentence: Sentence, places: Sequence[str]) -> Sentence:
    """A sentence with the first of its places, and how many there are."""
    if not places:
        return sentence
    first, times = places[0], len(places)
    if times == 1 and first:
        return say(N_("{what} (after “{place}”)"), what=sentence, place=first)
    if times == 1:
        return say(N_("{what} (at the beginning)"), what=sentence)
    if first:
        return say(
            N_("{what} ({times} times, first after “{place}”)"),
            what=sentence,
            times=times,
            place=first,
        )
    return say(N_("{what} ({times} times, first at the beginning)"), what=sentence, times=times)
