"""A plain mail to somebody of the office, of sentences that were told when it was ordered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import NoticeKind
from mailer.notices import writing
from mailer.notices.text_mail import text_mail
from mailer.notices.writing import Mail
from mailer.sender import Identity
from pli.keys import Keys
from pli.language import Sentence
from subscribers.address import Address


async def order(
    session: AsyncSession,
    *,
    address: Address,
    language: str,
    identity: Identity,
    subject: Sentence,
    paragraphs: Sequence[Sentence],
    keys: Keys,
    now: datetime,
) -> int:
    """Order a mail to one person, in that person's language; the notice's id."""
    content = {
        "identity": asdict(identity),
        "subject": subject.tell(language),
        "paragraphs": [it.tell(language) for it in paragraphs],
    }
    return await writing.order(
        session, kind=NoticeKind.OFFICE, address=address, content=content, keys=keys, now=now
    )


def compose(*, notice_id: int, address: str, content: str, keys: Keys, now: datetime) -> Mail:
    """Compose the mail."""
    ordered: dict[str, Any] = json.loads(content)
    return text_mail(
        notice_id=notice_id,
        address=address,
        identity=Identity(**ordered["identity"]),
        subject=_as_is(ordered["subject"]),
        paragraphs=[_as_is(it) for it in ordered["paragraphs"]],
        # Told already, when it was ordered.
        language="en",
        keys=keys,
        now=now,
    )


def _as_is(text: str) -> Sentence:
    return Sentence("{text}", {"text": text})
