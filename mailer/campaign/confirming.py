"""A person confirms by a link that only they were sent: the "yes", and an address that works."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces import deciding
from subscribers import consent, optout
from subscribers.consent import is_confirmed


class Confirmed(NamedTuple):
    """Whether a subscription was confirmed by this call, and whether an address was lifted."""

    changed: bool
    lifted: bool


async def confirm(
    session: AsyncSession,
    *,
    subscriber_id: int,
    list_id: int,
    asked_at: datetime,
    source: str,
    wording: str = "",
    now: datetime,
) -> Confirmed:
    """Confirm a subscription by its link, and write to the address again that had come back.

    Who opens a link from a mail has a mailbox that works, and whoever complained comes back by
    their own wish. So a hard bounce or a complaint from before `asked_at`, when the link was asked
    for, is lifted; an objection is not. A person who left the list confirms nothing.
    """
    changed = await consent.confirm(
        session,
        subscriber_id=subscriber_id,
        list_id=list_id,
        source=source,
        wording=wording,
        now=now,
    )
    if not await is_confirmed(session, subscriber_id=subscriber_id, list_id=list_id):
        return Confirmed(changed=False, lifted=False)
    address_key = await optout.lift_confirmed(
        session, subscriber_id=subscriber_id, asked_at=asked_at, now=now
    )
    if address_key is not None:
        await session.run_sync(deciding.forgive, address_key)
    return Confirmed(changed, lifted=address_key is not None)
