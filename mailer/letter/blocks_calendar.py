"""Attaches the dates of a letter's agendas, as a file that calendars read."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import count

from mailer.letter.attachments import Attachment
from mailer.letter.blocks import calendar
from mailer.letter.letter import Letter
from mailer.letter.markdown import ParsedMarkdown
from mailer.sender import Identity


def attachment(
    parsed: ParsedMarkdown,
    filled: Callable[[str], str],
    letter: Letter,
    identity: Identity,
    taken: Collection[str],
) -> tuple[Attachment, ...]:
    """The calendar of a letter, if it has dates, under a name that is not `taken`.

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
    stem, _, kind = calendar.NAME.partition(".")
    names = (calendar.NAME if n == 1 else f"{stem}-{n}.{kind}" for n in count(1))
    return (Attachment(next(it for it in names if it not in taken), kind, data),)
