"""Collects the faults of blocks, each with its line and, within a line, its column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pli.language import N_, Sentence, say, say_n

MOST = 10
"""So many faults of one block are told; whoever pastes 10,000 wrong lines sees where it began."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a block as it is written; `number` counts from 0 at the first line of the body."""

    number: int
    text: str


@dataclass(slots=True)
class Faults:
    """The faults of a letter's blocks; `readable` writes a text with its expressions as written."""

    readable: Callable[[str], str]
    told: list[tuple[int, Sentence]] = field(default_factory=list)
    _begun: int = 0
    _held: int = 0

    def add(self, line: int, fault: Sentence) -> None:
        """A fault of a whole line."""
        if len(self.told) - self._begun < MOST:
            self.told.append((line, fault))
        else:
            self._held += 1

    def at(self, line: Line, offset: int, fault: Sentence) -> None:
        """A fault in a line, `offset` characters from its beginning."""
        column = len(self.readable(line.text[:offset])) + 1
        told = say(N_("column {column}: {fault}"), column=column, fault=fault)
        self.add(line.number, told)

    def begin(self) -> None:
        """Another block begins, whose faults are counted anew."""
        if self._held:
            line = self.told[-1][0]
            rest = say_n(
                "there is {n} more fault in this block",
                "there are {n} more faults in this block",
                self._held,
            )
            self.told.append((line, rest))
        self._begun, self._held = len(self.told), 0
