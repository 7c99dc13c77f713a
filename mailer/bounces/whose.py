"""Whose a mail that came back is: known by a token of ours, and by nothing else.

Anybody can write a bounce about anybody. So a mail without our token acts on nobody. A token is a
copy's: whoever forges a bounce with the token of their own copy harms themselves alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.bounces import addresses
from mailer.bounces.formats.quoted_letter import parted
from mailer.bounces.mail import Fields, Mail, header_of
from mailer.bounces.tokens import Tokens

MARK_HEADER = "x-pli-mark"
ENVELOPE = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to")
_WEB_TOKEN = re.compile(r"/u/([A-Za-z0-9_-]{10,200})(?![A-Za-z0-9_-])")
_SRS = re.compile(r"SRS[01][=+-]", re.IGNORECASE)
_ANSWERED = ("in-reply-to", "references")


@dataclass(frozen=True, slots=True)
class Owner:
    """The number of the delivery or notice that a mail is about, and where its token stood."""

    number: int
    told_by: str


def whose(mail: Mail, came_to: str, envelope_id: str, tokens: Tokens) -> Owner | None:
    """The delivery or notice that a mail belongs to; None if it carries no token of ours.

    `came_to` is the address that the mail was delivered to, as the envelope says. The first of
    these counts: the address it came to, the returned letter's header, a relay's own report.
    """
    for address in (came_to, *came_to_by(mail)):
        number = tokens.of_return_path(_without_srs(address))
        if number is not None:
            return Owner(number, "return_path")
    for source in _returned(mail):
        fields = header_of(source)
        if (number := of_header(fields, tokens)) is not None:
            return Owner(number, "returned")
    if (number := tokens.of_envelope_id(envelope_id)) is not None:
        return Owner(number, "report")
    if (number := answered(mail, tokens)) is not None:
        return Owner(number, "report")
    return None


def answered(mail: Mail, tokens: Tokens) -> int | None:
    """The delivery or notice that a mail is an answer to, as its own header says."""
    for mark in (it for name in _ANSWERED for it in _marks(mail.all(name))):
        number = of_mark(mark, tokens)
        if number is not None:
            return number
    return None


def written_to(mail: Mail) -> str:
    """The address that the returned letter was written to; "" if the mail does not bring it."""
    for source in _returned(mail):
        for name, value in header_of(source):
            if name == "to":
                return addresses.bare(value)
    return ""


def is_our_own(mail: Mail, tokens: Tokens) -> bool:
    """Whether this is a letter of ours itself, looped back to us."""
    return any(tokens.of_message_id(it) is not None for it in mail.all("message-id"))


def came_to_by(mail: Mail) -> Iterator[str]:
    """Yield the addresses that a mail's header says it came to."""
    for name in ENVELOPE:
        for value in mail.all(name)[:4]:
            yield from addresses.within(value)


def _without_srs(address: str) -> str:
    """The address that a forwarder wrote anew: SRS0=hash=day=domain=local@forwarder."""
    local = address.strip().strip("<>").rpartition("@")[0]
    if not _SRS.match(local):
        return address
    pieces = local.split("=")
    return f"{pieces[-1]}@{pieces[-2]}" if len(pieces) >= 5 else address


def _returned(mail: Mail) -> Iterator[str]:
    """Yield the sources that begin with the returned letter's header."""
    yield from (it.text for it in mail.parts if it.returned)
    for part in mail.parts:
        if not part.returned:
            below = parted(part.text)[1]
            lines = (below or part.text).split("\n")
            begin = next((n for n, it in enumerate(lines) if _begins_a_header(it)), None)
            if begin is not None:
                yield "\n".join(it.lstrip("> \t") if it[:1] == ">" else it for it in lines[begin:])


def _begins_a_header(line: str) -> bool:
    said = line.lstrip("> ").lower()
    return said.startswith(("return-path:", "received:", "message-id:", "from:", "list-unsub"))


def of_header(fields: Fields, tokens: Tokens) -> int | None:
    """The number that the header of a letter of ours names; its names are in small letters."""
    for name, value in fields:
        number: int | None = None
        if name in ("message-id", MARK_HEADER):
            number = of_mark(value, tokens)
        elif name in ("return-path", "x-envelope-from", "sender"):
            number = tokens.of_return_path(_without_srs(addresses.bare(value)))
        elif name == "list-unsubscribe":
            for token in _WEB_TOKEN.findall(value[:2_000]):
                number = tokens.of_unsubscribe(token) or number
        if number is not None:
            return number
    return None


def of_mark(value: str, tokens: Tokens) -> int | None:
    """The number that a Message-ID of ours names, or a return path that stands in a header."""
    mark = value.strip()
    if not mark:
        return None
    number = tokens.of_message_id(mark)
    return tokens.of_return_path(mark) if number is None else number


def _marks(values: list[str]) -> Iterator[str]:
    for value in values[:4]:
        yield from value.split()[-40:]
