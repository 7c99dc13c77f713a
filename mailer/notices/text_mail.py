"""A plain text mail to somebody of the office: subject and paragraphs, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from mailer.links import FIRST_NUMBER, Links
from mailer.notices.writing import Mail
from mailer.sender import Identity, needs_smtputf8
from pli.keys import Keys
from pli.language import Sentence


def text_mail(
    *,
    notice_id: int,
    address: str,
    identity: Identity,
    subject: Sentence,
    paragraphs: Sequence[Sentence],
    language: str,
    keys: Keys,
    now: datetime,
) -> Mail:
    """The mail as it goes over the wire."""
    number = FIRST_NUMBER + notice_id
    marks = Links(keys, identity.public_url, identity.domain).marks(number, keys.current)
    mail = EmailMessage(policy=SMTPUTF8 if needs_smtputf8(address) else SMTP)
    mail["From"] = HeaderAddress(identity.from_name, addr_spec=identity.from_address)
    mail["To"] = HeaderAddress(addr_spec=address)
    mail["Subject"] = subject.tell(language)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = marks.message_id
    mail["Auto-Submitted"] = "auto-generated"
    text = "\n\n".join(it.tell(language) for it in paragraphs)
    mail.set_content(text + "\n", cte="quoted-printable")
    return Mail([_stuffed(mail.as_bytes())], marks.return_path)


def _stuffed(mail: bytes) -> bytes:
    """As a mail goes over the wire: lines that begin with a dot get another (RFC 5321 4.5.2)."""
    return re.sub(rb"(?m)^\.", b"..", mail)
