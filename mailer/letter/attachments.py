"""The files that travel with a letter: PDF and calendars (.ics), told by their content."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from mailer.letter import beside
from mailer.letter.beside import FileTrouble, Trouble
from pli.errors import PliError
from pli.language import N_, Sentence, say

HEAVY = 1_000_000
LARGEST = 5_000_000
"""Bytes of all attachments together: from HEAVY on they are told, above LARGEST refused."""
MOST = 20

KINDS: Mapping[str, str] = {"pdf": "application/pdf", "ics": "text/calendar; charset=utf-8"}
"""Each kind, which is also the extension of its files, and its media type."""

Loader = Callable[[str], bytes]


class AttachmentError(PliError):
    """A file cannot travel with a letter."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels with a letter: its name for the reader, its kind (of KINDS), bytes."""

    name: str
    kind: str
    data: bytes

    @property
    def media_type(self) -> str:
        """The type that headers name."""
        return KINDS[self.kind]


@dataclass(slots=True)
class Read:
    """The attachments that were read, in order, and the faults with their lines."""

    attachments: list[Attachment] = field(default_factory=list)
    faults: list[tuple[int, Sentence]] = field(default_factory=list)


def from_folder(folder: Path) -> Loader:
    """A loader of files named relative to a letter's folder; AttachmentError for any other."""

    def load(name: str) -> bytes:
        try:
            return beside.read(folder, name, LARGEST)
        except FileTrouble as found:
            raise _refused(name, found) from None

    return load


def read(names: Sequence[tuple[int, str]], load: Loader) -> Read:
    """Read the files of a list, each with the line on which it is named."""
    found = Read()
    if len(names) > MOST:
        fault = say(N_("the letter has more than {n} attachments: put some on a web page"), n=MOST)
        found.faults.append((names[MOST][0], fault))
        return found
    weight = 0
    for line, name in names:
        try:
            attachment = identified(name, load(name))
        except AttachmentError as error:
            found.faults.append((line, error.sentences[0]))
            continue
        weight += len(attachment.data)
        if weight > LARGEST:
            found.faults.append((line, _too_heavy(name, weight)))
            break
        if attachment.name.casefold() in {it.name.casefold() for it in found.attachments}:
            fault = say(N_('two attachments are called "{name}": rename one'), name=attachment.name)
            found.faults.append((line, fault))
            continue
        found.attachments.append(attachment)
    return found


def identified(name: str, data: bytes) -> Attachment:
    """An attachment by its content; AttachmentError if its kind is another, or its name says so."""
    if not data:
        raise AttachmentError(
            N_('the attachment "{name}" is empty: save it again, or take its name away'), name=name
        )
    kind = next((kind for kind, is_kind in _CONTENTS.items() if is_kind(data)), None)
    if kind is None:
        raise AttachmentError(
            N_('the attachment "{name}" is neither PDF nor a calendar (.ics): save it as PDF'),
            name=name,
        )
    shown = file_name(PurePath(name).name)
    if PurePath(shown).suffix.lower() != f".{kind}":
        raise AttachmentError(
            N_('the attachment "{name}" holds a .{kind} file: call it so, or programs misread it'),
            name=name,
            kind=kind,
        )
    if kind == "pdf" and b"%%EOF" not in data[-_PDF_END:]:
        raise AttachmentError(N_('the attachment "{name}" is cut off: save it again'), name=name)
    return Attachment(shown, kind, data)


def file_name(name: str) -> str:
    """A name that every system can give to a file; accents are composed, as on most systems."""
    return _FORBIDDEN.sub("-", unicodedata.normalize("NFC", name))


def people_in(attachment: Attachment) -> int:
    """How many people a calendar invites by their addresses, which every reader would see."""
    if attachment.kind != "ics":
        return 0
    return sum(bool(_ATTENDEE.match(line)) for line in _calendar_lines(attachment.data))


def tells_membership(name: str) -> bool:
    """Whether a file's name says what its reader is a member of (docs/standards.md, Law 8)."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return bool(_MEMBERSHIP.search("".join(it for it in plain if not unicodedata.combining(it))))


_FORBIDDEN = re.compile(r'[\\/:*?"<>|]')
_MEMBERSHIP = re.compile(r"syndi(?:cat|ca(?:l|ux)|que)|adheren|cotisa|(?:trade|labou?r).?union")
# Programs write some bytes behind the end, and readers look for it in the last 1024.
_PDF_END = 2048
_ATTENDEE = re.compile(r"ATTENDEE\b", re.IGNORECASE)


def _is_calendar(data: bytes) -> bool:
    lines = [line.strip().upper() for line in _calendar_lines(data)]
    said = [line for line in lines if line]
    return (
        len(said) > 2
        and said[0] == "BEGIN:VCALENDAR"
        and said[-1] == "END:VCALENDAR"
        and any(line in _COMPONENTS for line in said)
    )


_COMPONENTS = frozenset(("BEGIN:VEVENT", "BEGIN:VTODO", "BEGIN:VJOURNAL"))


def _calendar_lines(data: bytes) -> Iterator[str]:
    """The lines of a calendar, unfolded (RFC 5545, 3.1); none if it is no UTF-8."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return
    yield from re.sub(r"\r?\n[ \t]", "", text).splitlines()


_CONTENTS: Mapping[str, Callable[[bytes], bool]] = {
    "pdf": lambda data: data.startswith(b"%PDF-"),
    "ics": _is_calendar,
}


def _refused(name: str, found: FileTrouble) -> AttachmentError:
    if found.trouble is Trouble.TOO_LARGE:
        return AttachmentError.listing([_too_heavy(name, found.size)])
    return AttachmentError(_REFUSALS[found.trouble], name=name)


_REFUSALS = {
    Trouble.OUTSIDE: N_('the attachment "{name}" lies outside the letter\'s folder: copy it there'),
    Trouble.ABSENT: N_(
        'the attachment "{name}" is not there: put it beside the letter, or correct its name'
    ),
    Trouble.NO_FILE: N_('the attachment "{name}" is no plain file: put a copy of the file there'),
}


def _too_heavy(name: str, weight: int) -> Sentence:
    return say(
        N_(
            "the attachments weigh {size} kB with “{name}”, and may weigh {limit} kB: "
            "put it on a web page, and link to it"
        ),
        name=name,
        size=-(-weight // 1000),
        limit=LARGEST // 1000,
    )
