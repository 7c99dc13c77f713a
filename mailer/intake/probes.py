"""A mail of our own that must come back in: it shows whether answers arrive."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces.mail import Mail
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeMail
from mailer.links import Links
from pli.keys import Keys

NUMBER = 0
"""The delivery that never exists: a mail to its return path is a probe."""
BY_EVENT = "event"
"""The note of a probe of which a relay told by the web: its events need not give the mark back."""
_FIELD = "X-Pli-Probe"
_CLOCKS = timedelta(seconds=5)
"""By so much the clocks of two machines may differ."""


def address(keys: Keys, public_url: str, domain: str) -> str:
    """The return path of the delivery that never exists."""
    return Links(keys, public_url, domain).marks(NUMBER, keys.current).return_path


def new_mark() -> str:
    """A mark by which one probe is told from another."""
    return secrets.token_hex(16)


def mail(*, sender: str, to: str, mark: str, now: datetime, mark_header: str = "") -> bytes:
    """A probe, as it goes over the wire; `mark_header` names copies to a relay, as of letters."""
    written = EmailMessage(policy=SMTP)
    written["From"] = sender
    written["To"] = to
    written["Subject"] = "Pli: do answers arrive?"
    written["Date"] = format_datetime(now)
    written["Message-ID"] = f"<probe-{mark}@{to.rpartition('@')[2]}>"
    written["Auto-Submitted"] = "auto-generated"
    written[_FIELD] = mark
    if mark_header:
        written[mark_header] = to
    written.set_content("This mail was sent by pli doctor to see whether answers arrive.\n")
    return written.as_bytes()


def mark_of(mail: Mail) -> str:
    """The mark of a probe that came in; "" for anything else that came to its address."""
    return mail.first(_FIELD.lower()).strip()[:64]


async def door_of(session: AsyncSession, mark: str, *, since: datetime) -> str | None:
    """The door by which a probe came in, or an event about one since then; None: none did, yet."""
    told = and_(IntakeMail.note == BY_EVENT, IntakeMail.at >= since - _CLOCKS)
    return await session.scalar(
        select(IntakeMail.door)
        .where(IntakeMail.kind == Sort.PROBE.value, or_(IntakeMail.note == mark, told))
        .limit(1)
    )
