"""What is told of a letter with this body: its faults, without the name of the file."""

from __future__ import annotations

from mailer.letter.letter import LetterError, parse_letter
from tests.factories import FRONT, PIXEL

FIRST = FRONT.count("\n") + 1
"""The line of the file on which a body begins."""


def faults(body: str, language: str = "en") -> list[str]:
    """Each fault as `line: sentence`, the line counted from 1 at the first of the body."""
    try:
        parse_letter(FRONT + body, load_image=lambda _: PIXEL)
    except LetterError as refused:
        told = (line.removeprefix("lettre.md:") for line in refused.lines(language))
        cut = (line.partition(":") for line in told)
        return [f"{int(number) - FIRST + 1}:{sentence}" for number, _, sentence in cut]
    return []
