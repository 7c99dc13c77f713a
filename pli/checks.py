"""The findings of a check-up: the state of each thing in one line, and what to do about it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from pli.errors import PliError
from pli.language import Sentence


class State(enum.Enum):
    """An error would stop a sending. A warning would spoil one, or somebody should look."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Check:
    """The finding about one thing; scripts recognise the thing by `name`."""

    name: str
    state: State
    told: Sentence
    remedy: Sentence | None = None


def fine(name: str, told: Sentence) -> Check:
    """A thing is as it should be."""
    return Check(name, State.OK, told)


def warn(name: str, told: Sentence, remedy: Sentence | None = None) -> Check:
    """Letters leave, but somebody should look."""
    return Check(name, State.WARNING, told, remedy)


def wrong(name: str, told: Sentence, remedy: Sentence | None = None) -> Check:
    """No letter leaves, or none should, before somebody has changed something."""
    return Check(name, State.ERROR, told, remedy)


def refused(name: str, error: PliError) -> list[Check]:
    """An error as checks, one a sentence; the sentences themselves say what to do."""
    return [wrong(name, sentence) for sentence in error.sentences]


def stops_a_sending(checks: Iterable[Check]) -> bool:
    """Whether one of the checks is an error."""
    return any(check.state is State.ERROR for check in checks)
