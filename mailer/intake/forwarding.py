"""Passes on what a person wrote, whole, to the address that reads answers."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces.mail import Mail, words_of
from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeMail
from mailer.models import NoticeKind
from mailer.notices import writing
from mailer.sender import Identity
from pli.keys import Keys
from subscribers.address import Address

MOST_OF_ONE = 10
"""Mails of one sender that are passed on within an hour: more are a machine's."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Forward:
    """Where answers go, in whose name, and in which language they are introduced."""

    address: str
    identity: Identity
    language: str


async def order(
    session: AsyncSession,
    *,
    forward: Forward,
    raw: bytes,
    mail: Mail,
    sender_key: bytes | None,
    keys: Keys,
    now: datetime,
) -> bool:
    """Order a notice with the mail in it; False if its sender had too many passed on already."""
    lately = select(func.count()).where(
        IntakeMail.kind == Sort.FORWARDED.value,
        IntakeMail.sender_key == sender_key if sender_key else IntakeMail.sender_key.is_(None),
        IntakeMail.at > now - _HOUR,
    )
    if (await session.scalar(lately) or 0) >= MOST_OF_ONE:
        return False
    content = {
        "from": mail.first("from")[:320],
        "subject": words_of(mail.first("subject"))[:500],
        "raw": b64encode(raw).decode(),
        "identity": asdict(forward.identity),
        "language": forward.language,
    }
    await writing.order(
        session,
        kind=NoticeKind.FORWARD,
        address=Address.parse(forward.address),
        content=content,
        keys=keys,
        now=now,
    )
    return True
