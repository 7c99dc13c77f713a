"""What is wrong with a letter, or could be better: an error stops the sending."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from pli.language import N_, Sentence, say


class Severity(enum.Enum):
    """Whether a finding stops the sending; a remark is what somebody said who sent it back."""

    REMARK = "remark"
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fix:
    """What a button can do about a finding: the line of the body becomes `new`, if it is `old`."""

    line: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: where (`file:line` if the line is known), what is wrong, and what to do.

    `line` counts from 0 in the letter's body; it is None for what stands on no line of it.
    """

    severity: Severity
    place: str
    sentence: Sentence
    remedy: Sentence
    line: int | None = None
    fix: Fix | None = None

    @property
    def told(self) -> Sentence:
        """The finding as one line to show."""
        return say(
            N_("{place}: {sentence}: {remedy}"),
            place=self.place,
            sentence=self.sentence,
            remedy=self.remedy,
        )


def error(place: str, sentence: Sentence, remedy: Sentence, *, line: int | None = None) -> Finding:
    """What stops a sending."""
    return Finding(Severity.ERROR, place, sentence, remedy, line)


def warning(
    place: str,
    sentence: Sentence,
    remedy: Sentence,
    *,
    line: int | None = None,
    fix: Fix | None = None,
) -> Finding:
    """What could be better."""
    return Finding(Severity.WARNING, place, sentence, remedy, line, fix)
