"""What differs between a draft and what was approved last, as lines and words; a pure function."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pli.language import N_, Sentence, say

CONTEXT = 2
LONGEST = 4_000
"""Lines compared at most: difflib's time grows with their product."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the text: "gone", "new" or "same"; "gap" stands for lines left out."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs: of the front matter as pairs, of the text as lines, and the rest in words."""

    fields: Sequence[tuple[str, str, str]]
    lines: Sequence[Line]
    told: Sequence[Sentence]

    def __bool__(self) -> bool:
        return bool(self.fields or self.lines or self.told)


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> Difference:
    """Compare what `snapshot.as_seen` wrote of two states."""
    old, new = before["front"], now["front"]
    fields = [
        (name, str(old.get(name, "")), str(new.get(name, "")))
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    ]
    return Difference(fields, list(_lines(before["body"], now["body"])), list(_rest(before, now)))


def _lines(before: str, now: str) -> Iterator[Line]:
    old, new = before.splitlines()[:LONGEST], now.splitlines()[:LONGEST]
    groups = difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT)
    for place, group in enumerate(groups):
        if place:
            yield Line("gap", "…")
        for tag, a, b, c, d in group:
            if tag == "equal":
                yield from (Line("same", it) for it in old[a:b])
            else:
                yield from (Line("gone", it) for it in old[a:b])
                yield from (Line("new", it) for it in new[c:d])


def _rest(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Sentence]:
    old, new = before["files"], now["files"]
    for name in dict.fromkeys((*old, *new)):
        if name not in new:
            yield say(N_("The file {name} is gone."), name=name)
        elif name not in old:
            yield say(N_("The file {name} is new."), name=name)
        elif old[name] != new[name]:
            yield say(N_("The file {name} is another."), name=name)
    if before["theme"] != now["theme"]:
        yield say(N_("The theme looks different."))
    if before["identity"] != now["identity"]:
        yield say(N_("The sender's lines (name, addresses) are different."))
    if before["to"] != now["to"]:
        yield say(N_("It is for other people: lists, rule, or who is set aside."))
