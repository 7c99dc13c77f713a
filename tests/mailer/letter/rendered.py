"""A letter as a member gets it: pressed, as HTML, as text, and as the bytes of a mail."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from mailer.letter.press import Pressed, press
from mailer.letter.theme import load_theme
from mailer.links import Links
from mailer.message.composer import Composer, plain
from mailer.recipient import ListLine, Recipient
from mailer.sender import Identity
from tests.clock import NOW
from tests.factories import IDENTITY, KEYS, letter

KEY = KEYS.current
LINKS = Links(KEYS, IDENTITY.public_url, IDENTITY.domain)
LIST = ListLine(3, "membres", "La liste d'été")
MARIE = Recipient(17, 5, "marie@example.org", "Marie", "L'Été", "fr", {"mandat": "élue"}, LIST)
THEME = load_theme("lettre")


def pressed(body: str, **changes: Any) -> Pressed:
    """A letter with this body, pressed."""
    return press(letter(body, **changes), THEME, IDENTITY)


def html(body: str, recipient: Recipient = MARIE, **changes: Any) -> str:
    """The HTML of one member's copy."""
    return pressed(body, **changes).html(recipient, LINKS, KEY)


def text(body: str, recipient: Recipient = MARIE, **changes: Any) -> str:
    """The text part of one member's copy."""
    return pressed(body, **changes).text(recipient, LINKS, KEY)


def composer(body: str, identity: Identity = IDENTITY, **changes: Any) -> Composer:
    """A composer for copies of a letter with this body."""
    links = Links(KEYS, identity.public_url, identity.domain)
    written = letter(body, **changes)
    return Composer(press(written, THEME, identity), written, identity, links, KEY, 7)


def wire(body: str, recipient: Recipient = MARIE, **changes: Any) -> bytes:
    """One copy as the bytes of a file."""
    return plain(composer(body, **changes).copy(recipient, NOW))


def mail(octets: bytes) -> EmailMessage:
    """One copy, parsed by the standard library."""
    read = message_from_bytes(octets, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read
