"""PliError: the one base that the command line and the web know how to show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from pli.language import Sentence


class PliError(Exception):
    """A refusal a person can act on: one sentence for each fault, each saying what to do."""

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
        """What is shown, a line a fault."""
        return [sentence.tell(language) for sentence in self.sentences]

    def __str__(self) -> str:
        return "\n".join(self.lines("en"))
