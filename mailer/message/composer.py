"""One copy's octets, ready for the wire: header, then the MIME body.

A composer is made once for a campaign. It joins beforehand what is the same for every copy of a
list. A copy then costs one signature, one small header and a list of pieces. No line of a copy
begins with a dot (`quoted_printable`), so its dot-stuffed form and its plain form are the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from operator import attrgetter

from mailer.letter import expressions
from mailer.letter.letter import Letter
from mailer.letter.press import UNSUBSCRIBE, WEB_VERSION, Hole, Pressed
from mailer.links import Links
from mailer.message import headers, mime
from mailer.message.mime import Boundaries, TextPart, Written
from mailer.message.quoted_printable import quoted
from mailer.recipient import ListLine, Recipient
from mailer.sender import Identity, needs_smtputf8, parse_mailbox

__all__ = ["Composer", "needs_smtputf8", "plain"]

Fill = Callable[[Recipient], bytes]

# Cached octets of personal words, by the values they are made from: first names repeat.
_REMEMBERED = 4096


@dataclass(slots=True)
class _Frame:
    """What the copies of one list share: pieces with gaps; gap 0 is for the personal header."""

    pieces: list[bytes] = field(default_factory=lambda: [b""])
    unsubscribe_gaps: list[int] = field(default_factory=list)
    personal_gaps: list[tuple[int, Fill]] = field(default_factory=list)

    def gap(self) -> int:
        """Add a gap at the end; its index."""
        self.pieces.append(b"")
        return len(self.pieces) - 1


class Composer:
    """Makes the copies of one pressed letter; `key` is the name of the campaign's token key."""

    def __init__(
        self,
        pressed: Pressed,
        letter: Letter,
        identity: Identity,
        links: Links,
        key: str,
        campaign_id: int = 0,
        *,
        by_mail: bool = False,
    ) -> None:
        """`by_mail`: a copy names the address to which a mail unsubscribes, too."""
        self._pressed = pressed
        self._letter = letter
        self._identity = identity
        self._links = links
        self._key = key
        self._campaign_id = campaign_id
        self._by_mail = by_mail
        self._frames: dict[int, _Frame] = {}
        self._dated: datetime | None = None
        self._date = ""
        self._boundaries = Boundaries(_hashed(letter.title, str(letter.number), letter.body)[:24])
        self._tail = mime.attached(pressed.attachments, self._boundaries.mixed)
        self._shared_header = self._shared()

    def copy(self, recipient: Recipient, now: datetime) -> list[bytes]:
        """One whole mail without the final dot, as pieces to be written one after another.

        `now` is aware and becomes the Date. Source: RFC 5322, 2045 to 2047, 2369, 2919, 8058.
        """
        list_id = recipient.list.id
        frame = self._frames.get(list_id) or self._framed(recipient.list)
        url = self._links.unsubscribe(
            recipient.subscriber_id, list_id, recipient.delivery_id, self._key
        )
        pieces = frame.pieces.copy()
        pieces[0] = self._header(recipient, url, now)
        written = quoted(url)
        for gap in frame.unsubscribe_gaps:
            pieces[gap] = written
        for gap, fill in frame.personal_gaps:
            pieces[gap] = fill(recipient)
        return pieces

    def _header(self, recipient: Recipient, url: str, now: datetime) -> bytes:
        if now is not self._dated:
            self._dated = now
            self._date = format_datetime(now)
        message_id = recipient.message_id
        if not message_id:
            message_id = self._links.marks(recipient.delivery_id, self._key).message_id
        name = f"{recipient.first_name} {recipient.last_name}".strip()
        return (
            f"{headers.mailbox('To', name, recipient.email)}"
            f"Date: {self._date}\r\n"
            f"Message-ID: {message_id}\r\n"
            f"{headers.structured('List-Unsubscribe', f'<{url}>', *self._mailto(recipient))}"
        ).encode()

    def _mailto(self, recipient: Recipient) -> tuple[str, ...]:
        """The second way out, by mail (RFC 2369 3.2: the first is preferred)."""
        if not self._by_mail:
            return ()
        address = self._links.leave_address(
            recipient.subscriber_id, recipient.list.id, recipient.delivery_id, self._key
        )
        return (f"<mailto:{address}>",) if address else ()

    def _framed(self, list_: ListLine) -> _Frame:
        """Join what all copies of one list share, with gaps for what is personal."""
        frame = _Frame()
        static = [(self._list_header(list_) + self._shared_header).encode()]
        for part in mime.parts(self._pressed, self._boundaries):
            if isinstance(part, bytes):
                static.append(part)
                continue
            for piece in self._merged(part, list_):
                if isinstance(piece, str):
                    static.append(quoted(piece))
                    continue
                frame.pieces.append(b"".join(static))
                static.clear()
                if piece.source == UNSUBSCRIBE:
                    frame.unsubscribe_gaps.append(frame.gap())
                else:
                    fill = self._filler(piece.source, part.written, list_)
                    frame.personal_gaps.append((frame.gap(), fill))
        frame.pieces.append(b"".join(static))
        if self._tail:
            # As it is, and not joined: the copies of all lists share these bytes.
            frame.pieces.append(self._tail)
        self._frames[list_.id] = frame
        return frame

    def _merged(self, part: TextPart, list_: ListLine) -> Iterator[str | Hole]:
        """A part's pieces; a hole that no person changes is filled and joined with its text."""
        values = self._pressed.values(None, list_)
        static = ""
        for piece in part.pieces:
            if isinstance(piece, str):
                static += piece
            elif piece.source == WEB_VERSION:
                web = self._links.web_version(list_.name, self._letter.number)
                static += part.written(web)
            elif piece.source != UNSUBSCRIBE and not _asked(piece.source):
                static += part.written(self._pressed.evaluators[piece.source](values))
            else:
                yield static
                yield piece
                static = ""
        yield static

    def _filler(self, source: str, written: Written, list_: ListLine) -> Fill:
        """A function that gives the octets for one gap of a person's copy."""
        evaluate = self._pressed.evaluators[source]
        asked = [_reader(name) for name in _asked(source)]
        remembered: dict[object, bytes] = {}
        only = asked[0] if len(asked) == 1 else None

        def fill(recipient: Recipient) -> bytes:
            # The type is part of the key: True and 1 are equal, but are written differently.
            if only is not None:
                value = only(recipient)
                known: object = (value, type(value))
            else:
                values = [ask(recipient) for ask in asked]
                known = (*values, *map(type, values))
            octets = remembered.get(known)
            if octets is None:
                octets = quoted(written(evaluate(self._pressed.values(recipient, list_))))
                if len(remembered) < _REMEMBERED:
                    remembered[known] = octets
            return octets

        return fill

    def _list_header(self, list_: ListLine) -> str:
        """The fields of one list; ids are hashes, as gateways read them (docs/standards.md, L6)."""
        identity = self._identity
        post = identity.public_url.startswith("https://")
        label = _hashed("list", list_.name)[:12]
        sender = _hashed("sender", identity.domain)[:12]
        return "".join(
            (
                "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" if post else "",
                headers.structured("List-Id", f"<{label}.{identity.domain}>"),
                f"Feedback-ID: {self._campaign_id}:{label}:letter:{sender}\r\n",
            )
        )

    def _shared(self) -> str:
        """The header fields that every copy shares."""
        letter, identity = self._letter, self._identity
        sender = parse_mailbox(letter.sender or "") or identity.mailbox
        reply = parse_mailbox(letter.reply_to or identity.reply_to)
        owner = parse_mailbox(identity.email)
        name = (sender.name if sender else "") or " ".join(identity.committee.split())
        return "".join(
            (
                headers.mailbox("From", name, sender.address if sender else ""),
                headers.mailbox("Reply-To", reply.name, reply.address) if reply else "",
                headers.unstructured("Subject", letter.subject),
                headers.structured("List-Owner", f"<mailto:{owner.address}>")
                if owner and owner.address.isascii()
                else "",
                "Precedence: bulk\r\n",
                f"Content-Language: {letter.language}\r\n",
                "MIME-Version: 1.0\r\n",
                mime.opening("mixed", self._boundaries.mixed) if self._tail else "",
                mime.opening("alternative", self._boundaries.alternative),
            )
        )


def _asked(source: str) -> list[str]:
    """The fields of a person that an expression reads."""
    return sorted(name for root, name in expressions.names(source) if root == "subscriber")


def _reader(name: str) -> Callable[[Recipient], object]:
    if name in expressions.NAMES["subscriber"]:
        return attrgetter(name)
    return lambda recipient: recipient.attributes.get(name)


def _hashed(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def plain(pieces: Iterable[bytes]) -> bytes:
    """A copy as a file (.eml) holds it: dot-stuffing undone."""
    return b"".join(pieces).replace(b"\r\n..", b"\r\n.")
