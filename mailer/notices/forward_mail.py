"""The mail that passes on what a person answered: their words are in the mail that lies in it."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from typing import Any

from mailer.bounces.mail import opened
from mailer.links import FIRST_NUMBER, Links
from mailer.message import headers
from mailer.notices.writing import Mail
from mailer.sender import Identity, needs_smtputf8, parse_mailbox
from pli.keys import Keys
from pli.language import N_, say

SHOWN = 20_000
"""Signs of the answer's text that are shown; the whole mail lies beside them."""


def compose(*, notice_id: int, address: str, content: str, keys: Keys, now: datetime) -> Mail:
    """The mail as it goes over the wire; an answer to it goes to the person who wrote.

    The original is attached as a file: message/rfc822 may not be encoded (RFC 2046 5.2.1), and its
    lines may be longer than a relay takes.
    """
    ordered: dict[str, Any] = json.loads(content)
    identity = Identity(**ordered["identity"])
    language: str = ordered["language"]
    raw = b64decode(ordered["raw"])
    marks = Links(keys, identity.public_url, identity.domain).marks(
        FIRST_NUMBER + notice_id, keys.current
    )
    said = say(N_("{sender} has answered:"), sender=" ".join(ordered["from"].split()))
    mail = EmailMessage(policy=SMTPUTF8 if needs_smtputf8(address) else SMTP)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(
        f"{said.tell(language)}\n\n{opened(raw).text[:SHOWN].strip()}\n", cte="quoted-printable"
    )
    name = say(N_("answer.eml")).tell(language)
    mail.add_attachment(raw, maintype="application", subtype="octet-stream", filename=name)
    sender = parse_mailbox(ordered["from"])
    top = [
        headers.mailbox("From", identity.from_name, identity.from_address),
        headers.mailbox("To", "", address),
        headers.mailbox("Reply-To", sender.name, sender.address)
        if sender and sender.address.isascii()
        else "",
        headers.unstructured("Subject", ordered["subject"] or said.tell(language)),
        f"Date: {format_datetime(now)}\r\nMessage-ID: {marks.message_id}\r\n",
    ]
    return Mail([_stuffed("".join(top).encode() + mail.as_bytes())], marks.return_path)


def _stuffed(mail: bytes) -> bytes:
    """As a mail goes over the wire: lines that begin with a dot get another (RFC 5321 4.5.2)."""
    return re.sub(rb"(?m)^\.", b"..", mail)
