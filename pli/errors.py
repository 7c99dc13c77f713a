"""PliError: the base of all errors that the command line and the web show to people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from pli.language import N_, Sentence, say

USUAL = (
    N_("Address already in use"),
    N_("Cannot assign requested address"),
    N_("File exists"),
    N_("Input/output error"),
    N_("Is a directory"),
    N_("No space left on device"),
    N_("No such file or directory"),
    N_("Not a directory"),
    N_("Permission denied"),
    N_("Read-only file system"),
    N_("Too many open files"),
)
"""The system's most frequent messages, to be translated; any other is shown as it is."""


class PliError(Exception):
    """A refusal that a person can act on: one sentence for each fault, each saying what to do."""

    def __init__(self, text: str = "", /, **values: Any) -> None:
        super().__init__(text)
        self.sentences: tuple[Sentence, ...] = (Sentence(text, values),)

    @classmethod
    def listing(cls, sentences: Iterable[Sentence]) -> Self:
        """One error that lists several faults."""
        error = cls()
        error.sentences = tuple(sentences)
        return error

    def lines(self, language: str) -> list[str]:
        """The sentences in a language, a line each."""
        return [sentence.tell(language) for sentence in self.sentences]

    def __str__(self) -> str:
        return "\n".join(self.lines("en"))


def reason_of(error: OSError) -> Sentence:
    """The system's message for an error."""
    return say(error.strerror or str(error))
