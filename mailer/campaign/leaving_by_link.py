"""A person leaves a list by the link in a copy, which proves that the copy arrived."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.ledger import evidence
from mailer.ledger.evidence import Proof
from mailer.links import OptOutToken
from mailer.models import Delivery, Source, Status
from subscribers import optout


async def leave(
    session: AsyncSession, *, token: OptOutToken, source: str, now: datetime
) -> int | None:
    """Leave the list that the token names; the id of the consent record that this call wrote.

    None if there was nothing to leave.
    """
    record = await optout.unsubscribe(
        session,
        subscriber_id=token.subscriber_id,
        list_id=token.list_id,
        delivery_id=token.delivery_id,
        source=source,
        now=now,
    )
    await _prove_arrival(session, token, now)
    return record


async def _prove_arrival(session: AsyncSession, token: OptOutToken, now: datetime) -> None:
    """Settle the token's copy as sent if it was in doubt: no other copy has this link."""
    campaign_id = await session.scalar(
        select(Delivery.campaign_id).where(
            Delivery.id == token.delivery_id,
            Delivery.subscriber_id == token.subscriber_id,
            Delivery.list_id == token.list_id,
            evidence.in_doubt(),
        )
    )
    if campaign_id is not None:
        proof = Proof(token.delivery_id, Status.SENT)
        await evidence.settle_by(
            session, campaign_id=campaign_id, proofs=[proof], source=Source.OPT_OUT, now=now
        )
