"""A foreign document that a program may read: with nothing that leads to other files or the web."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field

from mailer.letter.import_report import Report, place_of
from pli.language import N_, say


class Kind(enum.StrEnum):
    """What a document is written in."""

    OPENDOCUMENT = "odt"
    RTF = "rtf"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document without ways out: `words` must be in its letter, or told; so must `pictures`."""

    data: bytes
    words: str
    pictures: int
    report: Report = field(default_factory=Report)


_PLACED_APART = {
    "header": N_("the header “{text}”"),
    "footer": N_("the footer “{text}”"),
    "comment": N_("the comment “{text}”"),
}


def tell_apart(report: Report, what: str, text: str) -> None:
    """Tell a header, a footer or a comment with its words, if it has some."""
    if flat := " ".join(text.split()):
        report.left_out(say(_PLACED_APART[what], text=flat))


def elsewhere(report: Report, target: str) -> None:
    """Tell a picture or a text that lies in another file or on the web."""
    told = N_("what lies elsewhere and is only shown here: {target}")
    report.left_out(say(told, target=place_of(target)))


Preparation = Callable[[bytes, bool, str | None], Prepared]
"""Prepares a document; whether the program is pandoc; what becomes of changes."""
