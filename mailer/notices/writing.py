"""Writing notices: each is ordered, and later composed as a mail; here those of test copies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.letter import snapshot
from mailer.letter.press import press
from mailer.letter.snapshot import Frozen
from mailer.links import FIRST_NUMBER, Links
from mailer.message.composer import Composer
from mailer.models import Notice, NoticeKind, Status
from mailer.recipient import ListLine, Recipient
from pli import chore_offers
from pli.keys import Keys
from subscribers.address import Address
from subscribers.models import List, Subscriber

MARK = "[Test] "
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Mail:
    """A notice as it goes over the wire; `relays` in order, as its list names them."""

    pieces: list[bytes]
    return_path: str
    relays: Sequence[str] = ()


async def order_test(
    session: AsyncSession,
    *,
    frozen: Frozen,
    list_id: int,
    address: Address,
    keys: Keys,
    now: datetime,
) -> int:
    """Order a test copy of a letter, as a member of that list would get it; the notice's id."""
    content = {"list": list_id, "frozen": frozen.text}
    return await order(
        session, kind=NoticeKind.TEST, address=address, content=content, keys=keys, now=now
    )


async def order(
    session: AsyncSession,
    *,
    kind: NoticeKind,
    address: Address,
    content: Mapping[str, Any],
    keys: Keys,
    now: datetime,
) -> int:
    """Order a notice, which is composed of `content` when its turn comes; the notice's id."""
    notice = Notice(
        kind=kind,
        address=address.email,
        address_key=keys.address_key(address.folded),
        content=json.dumps(content, ensure_ascii=False),
        status=Status.PENDING,
        attempts=0,
        created_at=now,
        # Due since the day before, as a campaign's first tries are, in case a clock is set back.
        next_attempt_at=now - A_DAY,
    )
    session.add(notice)
    await session.flush()
    await chore_offers.hint(session, "notice", notice.id)
    return notice.id


async def compose(
    session: AsyncSession,
    *,
    notice_id: int,
    address: str,
    address_key: bytes,
    content: str,
    keys: Keys,
    now: datetime,
) -> Mail:
    """Compose the mail; a subscriber is addressed by name, as in the letter itself."""
    ordered: Mapping[str, str] = json.loads(content)
    letter, theme, identity = snapshot.thaw(ordered["frozen"])
    list_ = await session.get(List, ordered["list"])
    line = ListLine(list_.id, list_.name, list_.title) if list_ else ListLine(0, "test", "test")
    person = (
        await session.scalars(select(Subscriber).where(Subscriber.address_key == address_key))
    ).one_or_none()
    number = FIRST_NUMBER + notice_id
    links = Links(keys, identity.public_url, identity.domain)
    marks = links.marks(number, keys.current)
    recipient = Recipient(
        delivery_id=number,
        # No subscriber: a person who tries the unsubscribe link of a test copy must not leave.
        subscriber_id=0,
        email=address,
        first_name=person.first_name if person else "",
        last_name=person.last_name if person else "",
        language=person.language if person else letter.language,
        attributes=person.attributes if person else {},
        list=line,
        message_id=marks.message_id,
    )
    marked = replace(letter, subject=MARK + letter.subject)
    composer = Composer(press(marked, theme, identity), marked, identity, links, keys.current)
    return Mail(
        composer.copy(recipient, now),
        marks.return_path,
        list_.relays if list_ else (),
    )
