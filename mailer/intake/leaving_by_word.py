"""A person writes "STOP": off the lists of the letter that they answer, else off every list."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces.mail import Mail
from mailer.bounces.tokens import Tokens
from mailer.bounces.whose import answered
from mailer.campaign import leaving_by_link
from mailer.campaign.leaving_by_link import Reach
from mailer.intake.tallies import Sort
from mailer.links import OptOutToken
from mailer.models import Delivery
from subscribers import optout
from subscribers.models import Subscriber

SOURCE = "reply"


async def leave_by_word(
    session: AsyncSession,
    *,
    address_key: bytes,
    mail: Mail,
    tokens: Tokens,
    proven: bool,
    now: datetime,
) -> Sort | None:
    """Let the sender leave if they are `proven`, else leave it to staff; None: on no list."""
    subscriber_id = await session.scalar(
        select(Subscriber.id).where(Subscriber.address_key == address_key)
    )
    if subscriber_id is None:
        return None
    lists = await optout.still_on(session, subscriber_id=subscriber_id)
    if not lists:
        return None
    if not proven:
        return Sort.STOP
    copy = await _copy_of(session, subscriber_id, answered(mail, tokens))
    if copy is not None and any(it.id == copy.list_id for it in lists):
        await leaving_by_link.leave(session, token=copy, reach=Reach.LETTER, source=SOURCE, now=now)
        return Sort.LEFT
    for it in lists:
        await optout.unsubscribe(
            session, subscriber_id=subscriber_id, list_id=it.id, source=SOURCE, now=now
        )
    return Sort.LEFT


async def _copy_of(
    session: AsyncSession, subscriber_id: int, number: int | None
) -> OptOutToken | None:
    """The copy that a mail answers, if it is this person's own."""
    if number is None:
        return None
    row = (
        await session.execute(
            select(Delivery.id, Delivery.list_id).where(
                Delivery.id == number, Delivery.subscriber_id == subscriber_id
            )
        )
    ).one_or_none()
    return OptOutToken(subscriber_id, row.list_id, row.id, "") if row else None
