"""What the tests of letters stand on: a committee, a member, links, and one letter pressed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from mailer.letter.letter import Letter, parse_letter
from mailer.letter.press import Pressed, press
from mailer.letter.theme import load_theme
from mailer.links import Links
from mailer.message.composer import Composer, plain
from mailer.recipient import ListLine, Recipient
from mailer.sender import Identity
from pli.keys import Keys

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KEYS = Keys({"ab": b"a" * 32}, b"z" * 32)
KEY = "ab"
IDENTITY = Identity(
    committee="Comité du Val-d'Orme",
    address="3 place du Marché\n99000 Aubrac-sur-Orme",
    phone="02 99 00 00 00",
    email="comite@orme.example.org",
    sender="",
    reply_to="",
    public_url="https://lettres.orme.example.org",
)
LINKS = Links(KEYS, IDENTITY.public_url, IDENTITY.domain)
LIST = ListLine(3, "membres", "La liste d'été")
MARIE = Recipient(17, 5, "marie@example.org", "Marie", "L'Été", "fr", {"mandat": "élue"}, LIST)
THEME = load_theme("lettre")

FRONT = """---
number: 294
title: "Un titre : et sa suite"
date: 2026-11-24
subject: "Lettre n° 294 : l'été"
preheader: Une phrase vraie, assez longue pour la boîte de réception.
---
"""
# A dot of a picture: a PNG of one pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def letter(body: str, **changes: Any) -> Letter:
    """A letter with this body."""
    written = parse_letter(FRONT + body, load_image=lambda _: PIXEL)
    return replace(written, **changes)


def pressed(body: str, **changes: Any) -> Pressed:
    """A letter with this body, pressed."""
    return press(letter(body, **changes), THEME, IDENTITY)


def html(body: str, recipient: Recipient = MARIE, **changes: Any) -> str:
    """What one member's mail program shows."""
    return pressed(body, **changes).html(recipient, LINKS, KEY)


def text(body: str, recipient: Recipient = MARIE, **changes: Any) -> str:
    """What one member's plain text says."""
    return pressed(body, **changes).text(recipient, LINKS, KEY)


def composer(body: str, identity: Identity = IDENTITY, **changes: Any) -> Composer:
    """A composer of copies of this body."""
    links = Links(KEYS, identity.public_url, identity.domain)
    written = letter(body, **changes)
    return Composer(press(written, THEME, identity), written, identity, links, KEY, 7)


def wire(body: str, recipient: Recipient = MARIE, **changes: Any) -> bytes:
    """One copy as a file holds it."""
    return plain(composer(body, **changes).copy(recipient, NOW))


def mail(octets: bytes) -> EmailMessage:
    """One copy as the standard library reads it."""
    read = message_from_bytes(octets, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read
