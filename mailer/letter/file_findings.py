"""Findings of the files that travel with a letter: their weight, and what they tell of people."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.letter import attachments, weights
from mailer.letter.attachments import Attachment
from mailer.letter.finding import Finding, warning
from mailer.letter.letter import Letter
from mailer.letter.press import Pressed
from pli.language import N_, say, say_n


def check(letter: Letter, pressed: Pressed) -> Iterator[Finding]:
    """All findings of a letter's pictures and attached files together."""
    yield from _weight(letter)
    for attachment in pressed.attachments:
        yield from _told_of_people(letter, attachment)


def _weight(letter: Letter) -> Iterator[Finding]:
    attached = weights.of_attachments(letter) > attachments.HEAVY
    if not attached and weights.of_pictures(letter.images) <= weights.HEAVY:
        return
    if heavy := weights.told(letter, 1000):
        remedy = N_("put large files on a web page, and link to them")
        yield warning(
            letter.source, heavy, say(remedy if attached else N_("make the pictures smaller"))
        )


def _told_of_people(letter: Letter, attachment: Attachment) -> Iterator[Finding]:
    """What a file's name or a calendar gives away (docs/standards.md, Law 8)."""
    if attachments.tells_membership(attachment.name):
        yield warning(
            letter.source,
            say(N_('the name "{name}" tells what its reader is a member of'), name=attachment.name),
            say(N_("rename the file: mail servers and employers read such names")),
        )
    if people := attachments.people_in(attachment):
        yield warning(
            letter.source,
            say_n(
                'the calendar "{name}" names {n} person by address',
                'the calendar "{name}" names {n} people by their addresses',
                people,
                name=attachment.name,
            ),
            say(N_("save it without those who are invited, since everybody would see them")),
        )
