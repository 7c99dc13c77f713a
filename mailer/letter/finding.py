"""What is wrong with a letter, or could be better: an error stops the sending."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from pli.language import N_, Sentence, say


class Severity(enum.Enum):
    """Whether a finding stops the sending."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: where (`file:line` if the line is known), what is wrong, and what to do."""

    severity: Severity
    place: str
    sentence: Sentence
    remedy: Sentence

    @property
    def line(self) -> Sentence:
        """The finding as one line to show."""
        return say(
            N_("{place}: {sentence}: {remedy}"),
            place=self.place,
            sentence=self.sentence,
            remedy=self.remedy,
        )


def error(place: str, sentence: Sentence, remedy: Sentence) -> Finding:
    """What stops a sending."""
    return Finding(Severity.ERROR, place, sentence, remedy)


def warning(place: str, sentence: Sentence, remedy: Sentence) -> Finding:
    """What could be better."""
    return Finding(Severity.WARNING, place, sentence, remedy)
