"""Checks what the settings say of doors: mailboxes, secrets of web hooks, and headers."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import datetime
from urllib.parse import urlsplit

from pli import mail_names
from pli.language import N_
from pli.loopback import is_loopback

SECRET_BYTES = 16
"""128 bits: where a provider signs nothing, the secret is all that proves who calls."""
_HEADER = re.compile(r"X-[A-Za-z0-9][A-Za-z0-9-]{0,58}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{22,200}")
STANDARD = "whsec_"
"""How a secret of Standard Webhooks begins: the provider makes it, and signs by it."""
_TOPIC = re.compile(
    r"arn:[a-z-]{1,16}:sns:[a-z0-9-]{1,32}:[A-Za-z0-9-]{1,64}:[A-Za-z0-9_.-]{1,256}"
)
_AFTER = re.compile(r"seen|delete|move:[^\x00-\x1f\"\\]{1,200}")


def header_name(name: str) -> str:
    """A header of our own; others would be in the way of the letter's."""
    if name and not _HEADER.fullmatch(name):
        raise ValueError(N_("is no header such as X-Pli-Mark"))
    return name


def secret(text: str) -> str:
    """A secret of 128 bits at least: ours, or that of Standard Webhooks (whsec_…)."""
    if not text:
        return text
    if text.startswith(STANDARD):
        try:
            raw = base64.b64decode(text.removeprefix(STANDARD) + "==", validate=False)
        except (binascii.Error, ValueError):
            raw = b""
        fits = len(raw) >= SECRET_BYTES
    else:
        fits = bool(_SECRET.fullmatch(text))
    if not fits:
        raise ValueError(N_("is no secret of 22 signs or more: “pli intake secret” makes one"))
    return text


def moment(text: str) -> str:
    """An hour with its zone, as `pli intake secret` writes it."""
    if not text:
        return text
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError(N_("is no hour such as 2026-11-29T10:00:00+00:00"))
    return text


def topic(text: str) -> str:
    """The name of a topic of SNS."""
    if text and not _TOPIC.fullmatch(text):
        raise ValueError(N_("is no topic such as arn:aws:sns:eu-west-3:123456789012:pli"))
    return text


def mailbox_url(url: str) -> str:
    """Where a mailbox is: imaps://user:password@host/FOLDER; imap:// for this machine alone."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(N_("is not imaps://user:password@host/INBOX")) from None
    if parts.scheme not in ("imaps", "imap") or not parts.hostname or not parts.username:
        raise ValueError(N_("is not imaps://user:password@host/INBOX"))
    if parts.scheme == "imap" and not is_loopback(parts.hostname):
        raise ValueError(N_("a password would travel in clear: write imaps://"))
    return url


def afterwards(text: str) -> str:
    """What is done with a mail that was acted on."""
    if not _AFTER.fullmatch(text):
        raise ValueError(N_("is none of seen, delete and move:FOLDER"))
    return text


def address(text: str) -> str:
    """A mail address, or nothing."""
    if not text:
        return text
    found = mail_names.address(text)
    if found is None:
        raise ValueError(N_("is no address such as bureau@example.org"))
    return found
