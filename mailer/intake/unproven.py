"""The wishes to leave that nothing proves, person by person: whoever writes ten is one line."""

from __future__ import annotations

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.intake.tallies import Sort
from mailer.intake_models import IntakeMail
from subscribers.models import Subscriber


def first_of_each() -> Select[bytes | None, int, int]:
    """The first mail of each person whose wish waits, and how many of theirs wait."""
    return (
        select(
            IntakeMail.sender_key,
            func.min(IntakeMail.id).label("mail"),
            func.count().label("mails"),
        )
        .where(IntakeMail.kind == Sort.STOP.value)
        .group_by(IntakeMail.sender_key)
    )


async def people(session: AsyncSession) -> int:
    """How many people have a wish that waits; who was erased since does not count."""
    first = first_of_each().subquery()
    known = (
        select(func.count())
        .select_from(first)
        .join(Subscriber, Subscriber.address_key == first.c.sender_key)
    )
    return await session.scalar(known) or 0
