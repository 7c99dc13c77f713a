"""What became of the rows of an imported file."""

from __future__ import annotations

from dataclasses import dataclass, field

from pli.language import Sentence


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that is not imported: its line, the address, and the reason."""

    line: int
    value: str
    reason: Sentence


@dataclass(frozen=True, slots=True)
class Noted:
    """A row that is imported, and what to tell of it: what was left out, what is doubtful."""

    line: int
    value: str
    reason: Sentence


@dataclass(slots=True)
class ImportReport:
    """What became of the rows.

    `added` people are new on the list, whether or not they were known. `objected` people were
    skipped: they had left, or their address is suppressed. The file says of `left` people that they
    left, and of `suppressed` ones that they bounced, complained or objected: both are kept so.
    `skipped` names the objected people, without those of an import's earlier slices.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    objected: int = 0
    left: int = 0
    suppressed: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    skipped: list[Rejected] = field(default_factory=list)
    noted: list[Noted] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """How many rows are people."""
        return (
            self.added + self.updated + self.unchanged
            + self.objected + self.left + self.suppressed
        )  # fmt: skip

    @property
    def rows(self) -> int:
        """How many rows the report counts."""
        return self.taken + len(self.rejected)
