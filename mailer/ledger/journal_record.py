"""What a dead worker's journal says about one taking, and what follows for the rows in work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailer.models import Status
from mailer.outcomes import Outcome, Result


@dataclass(frozen=True, slots=True)
class Note:
    """The last note on one try; without an outcome, its body was handed over and not answered."""

    number: int
    at: datetime | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """What a dead worker's journal says about one taking.

    `complete`: no note can be missing, because the machine has not been restarted meanwhile. Then
    a copy without a note was never written to the wire.
    """

    batch_id: int
    lease: int
    relay: str
    complete: bool
    notes: Mapping[int, Note]


FindRecord = Callable[[int], JournalRecord | None]
"""Finds the record of a lease; None if there is none, or if its worker may still live."""


def no_record(lease: int) -> None:
    """Find nothing: there is no journal."""
    del lease


@dataclass(frozen=True, slots=True)
class Orphan:
    """A row that a dead worker left in work, or that was called uncertain because it died."""

    delivery_id: int
    attempts: int
    status: Status


@dataclass(frozen=True, slots=True)
class Findings:
    """What became of orphans: answered by the relay, never written to the wire, or unknown."""

    answered: list[Result] = field(default_factory=list)
    unwritten: set[int] = field(default_factory=set)
    in_doubt: set[int] = field(default_factory=set)


def classify(orphans: Iterable[Orphan], record: JournalRecord | None, now: datetime) -> Findings:
    """Judge orphans by their worker's journal; without a record all of them are in doubt.

    A note counts only for the try that follows the attempts which the database knows. An uncertain
    row whose note is of another try was settled as uncertain: nothing more is to come.
    """
    found = Findings()
    for orphan in orphans:
        note = record.notes.get(orphan.delivery_id) if record else None
        if note is not None and note.number != orphan.attempts + 1:
            if orphan.status is Status.UNCERTAIN:
                continue
            note = None
        if note is not None and note.outcome is not None:
            at = (note.at or now).timestamp()
            found.answered.append(Result(orphan.delivery_id, note.number, at, note.outcome))
        elif note is None and record is not None and record.complete:
            found.unwritten.add(orphan.delivery_id)
        else:
            found.in_doubt.add(orphan.delivery_id)
    return found
