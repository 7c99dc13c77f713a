"""As whom an author looks at a manuscript: a person of the list, or somebody invented."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.letter.drafts.rows import DraftLine
from mailer.recipient import ListLine, Recipient
from pli.errors import PliError
from subscribers.address import Address
from subscribers.models import Subscriber, Subscription, SubscriptionState

LONGEST = "longest"
_FIRST = "Marie-Christine Anne-Sophie Jean-Baptiste "
_LAST = "Vasconcellos-Rosenkrantz de la Tour du Bois "
_LEAST = 12
"""Signs of an invented long name, where the list has shorter ones."""


def nobody(line: DraftLine, language: str) -> Recipient:
    """Somebody of whom nothing but an address is known, who does not exist."""
    return Recipient(
        delivery_id=0,
        subscriber_id=0,
        email="camille.martin@example.org",
        first_name="",
        last_name="",
        language=language,
        attributes={},
        list=ListLine(line.list_id, line.list_name, line.list_title),
    )


async def longest(session: AsyncSession, line: DraftLine, language: str) -> Recipient:
    """Somebody invented, whose names are as long as the longest ones of the list.

    The lengths alone are read: an author need not see who is on the list.
    """
    row = (
        await session.execute(
            select(
                func.max(func.length(Subscriber.first_name)),
                func.max(func.length(Subscriber.last_name)),
            )
            .join(Subscription, Subscription.subscriber_id == Subscriber.id)
            .where(
                Subscription.list_id == line.list_id,
                Subscription.state == SubscriptionState.CONFIRMED,
            )
        )
    ).one()
    return nobody(line, language)._replace(
        first_name=_invented(_FIRST, row[0]), last_name=_invented(_LAST, row[1])
    )


async def person(session: AsyncSession, line: DraftLine, named: str) -> Recipient | None:
    """A person of the list, by address or by number; None if there is none."""
    number = int(named) if named.isascii() and named.isdigit() and len(named) < 10 else 0
    try:
        folded = Address.parse(named).folded
    except PliError:
        folded = ""
    found = await session.scalar(
        select(Subscriber)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(
            Subscription.list_id == line.list_id,
            Subscription.state == SubscriptionState.CONFIRMED,
            or_(Subscriber.id == number, Subscriber.email_folded == folded),
        )
        .limit(1)
    )
    if found is None:
        return None
    # No number of a person: a link of a preview must not make anybody leave.
    return Recipient(
        delivery_id=found.id,
        subscriber_id=0,
        email=found.email,
        first_name=found.first_name,
        last_name=found.last_name,
        language=found.language,
        attributes=found.attributes,
        list=ListLine(line.list_id, line.list_name, line.list_title),
    )


def _invented(of: str, length: int | None) -> str:
    wanted = max(length or 0, _LEAST)
    return (of * (wanted // len(of) + 1))[:wanted].strip()
