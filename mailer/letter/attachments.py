"""The files that travel with a letter, the same in every copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailer.letter.blocks import calendar
from mailer.letter.letter import Letter
from mailer.letter.markdown import ParsedMarkdown
from mailer.sender import Identity


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside the letter; `kind` is its media type."""

    filename: str
    kind: str
    data: bytes


def of(
    parsed: ParsedMarkdown, filled: Callable[[str], str], letter: Letter, identity: Identity
) -> tuple[Attachment, ...]:
    """The attachments of a letter: its dates, if it has any, as a file that calendars read.

    `filled` says what stands for the expressions in a text: no file is personal.
    """
    dates = [*calendar.appointments(parsed.tree, parsed.blocks, filled)]
    if not dates:
        return ()
    data = calendar.written(
        dates,
        zone=identity.timezone,
        letter=letter.number,
        written_on=letter.date,
        domain=identity.domain or "localhost",
    )
    return (Attachment(calendar.NAME, calendar.KIND, data),)
