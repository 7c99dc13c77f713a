"""Takes in a mail that came back: each door calls this, in a transaction of its own."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces import handling
from mailer.bounces.handling import Arrival, Came
from mailer.bounces.report import Kind
from mailer.bounces.rules import USUAL, BounceRules
from mailer.bounces.tokens import Tokens
from mailer.ledger import evidence
from mailer.ledger.evidence import Proof
from mailer.models import Bounce, Delivery, Source, Status
from subscribers import optout


async def take_in(
    session: AsyncSession,
    *,
    raw: bytes,
    came_to: str,
    door: str,
    tokens: Tokens,
    rules: BounceRules = USUAL,
    now: datetime,
) -> Came:
    """Record a mail, and settle a doubt about its copy: whatever comes back of it had left.

    `came_to` is the address of the mail's envelope, "" if it is not known; `door` names the way by
    which it came in. The same mail again changes nothing.
    """
    came = await session.run_sync(
        partial(
            handling.record,
            raw=raw,
            came_to=came_to,
            door=door,
            tokens=tokens,
            rules=rules,
            now=now,
        )
    )
    await _follow(session, came, now)
    return came


async def take_in_told(
    session: AsyncSession, arrival: Arrival, *, rules: BounceRules = USUAL, now: datetime
) -> Came:
    """The same of what is read already: a relay's event."""
    came = await session.run_sync(
        partial(handling.record_told, arrival=arrival, rules=rules, now=now)
    )
    await _follow(session, came, now)
    return came


async def _follow(session: AsyncSession, came: Came, now: datetime) -> None:
    if came.bounce_id is not None:
        await _settle_doubt(session, came.bounce_id, now)
        if came.kind is Kind.LEAVE:
            await _leave(session, came.bounce_id, now)


async def _leave(session: AsyncSession, bounce_id: int, now: datetime) -> None:
    """A provider passes on that the person wants no more of this list."""
    row = (
        await session.execute(
            select(Delivery.id, Delivery.subscriber_id, Delivery.list_id)
            .join(Bounce, Bounce.delivery_id == Delivery.id)
            .where(Bounce.id == bounce_id)
        )
    ).one()
    if row.subscriber_id is not None:
        await optout.unsubscribe(
            session,
            subscriber_id=row.subscriber_id,
            list_id=row.list_id,
            source="opt-out report",
            delivery_id=row.id,
            now=now,
        )


async def _settle_doubt(session: AsyncSession, bounce_id: int, now: datetime) -> None:
    row = (
        await session.execute(
            select(Delivery.id, Delivery.campaign_id, Bounce.action, Bounce.status)
            .join(Bounce, Bounce.delivery_id == Delivery.id)
            .where(Bounce.id == bounce_id, evidence.in_doubt())
        )
    ).one_or_none()
    if row is not None:
        await evidence.settle_by(
            session,
            campaign_id=row.campaign_id,
            proofs=[Proof(row.id, Status.SENT, detail=f"{row.action} {row.status}".strip())],
            source=Source.NOTICE,
            now=now,
        )
