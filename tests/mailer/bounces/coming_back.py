"""Mails that come back of copies in a test's database, and what is recorded of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.bounces import handling
from mailer.bounces.arrivals import read_arrival
from mailer.bounces.handling import Came
from mailer.bounces.rules import USUAL, BounceRules
from mailer.models import Batch, Campaign, CampaignState, Delivery, Status
from pli.database import Database
from subscribers.models import Subscriber, Suppression, SuppressionReason
from tests import factories as make
from tests.factories import QUEUED, Copy
from tests.specimens.bounces.pieces import (
    TOKENS,
    block,
    from_daemon,
    header,
    parts,
    return_path,
)

SENT = Copy(Status.SENT, None, (QUEUED,))
GONE = ("5.1.1", "550 5.1.1 User unknown")
LIKELY = ("5.0.0", "550 user unknown")
FULL = ("5.2.2", "552 5.2.2 mailbox full")
UNTOLD = "From: MAILER-DAEMON@mx\nSubject: failure notice\n\n<{}>: 550 5.1.1 User unknown\n"
BLAMED = ("5.7.1", "550 5.7.1 message refused as spam")


def bounce_of(
    number: int,
    address: str,
    said: tuple[str, str] = GONE,
    *,
    written: str | None = None,
    action: str = "failed",
    more: str = "",
) -> bytes:
    """A notification about one copy; `written`: the address on the letter, if it is another."""
    status, diagnostic = said
    fields = "Reporting-MTA: dns; mx\n\n" + block(status, diagnostic, action, address)
    return parts(
        from_daemon(number, "Undelivered mail") + more,
        "multipart/report; report-type=delivery-status",
        ("text/plain", "Sorry.\n"),
        ("message/delivery-status", fields),
        ("text/rfc822-headers", header(number, written or address)),
    )


def complaint_of(number: int, address: str) -> bytes:
    """A complaint about one copy, without the address of who complained."""
    return parts(
        "From: fbl@example.net\nTo: abuse@orme.example.org\nSubject: FW\n",
        "multipart/report; report-type=feedback-report",
        ("message/feedback-report", "Feedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\n"),
        ("text/rfc822-headers", header(number, address)),
    )


async def sent(session: AsyncSession, now: datetime, count: int = 1) -> Sequence[tuple[int, str]]:
    """A finished campaign of copies that were sent: the id and the address of each."""
    campaign = await make.a_campaign_with(
        session,
        [SENT] * count,
        now=now,
        state=CampaignState.FINISHED,
        batch_size=count,
        list_name=f"membres-{now:%Y%m%d}-{count}",
    )
    return await copies_of(session, campaign.id)


async def copies_of(session: AsyncSession, campaign_id: int) -> Sequence[tuple[int, str]]:
    rows = await session.execute(
        select(Delivery.id, Subscriber.email)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.campaign_id == campaign_id)
        .order_by(Delivery.id)
    )
    return [(row.id, row.email) for row in rows]


async def further_copy(session: AsyncSession, email: str, number: int, now: datetime) -> int:
    """Another letter's copy to somebody who had one before; the delivery's id."""
    first = (await session.scalars(select(Subscriber).where(Subscriber.email == email))).one()
    campaign = await make.a_campaign_with(
        session,
        [SENT],
        now=now,
        of=make.letter(number=number),
        state=CampaignState.FINISHED,
        list_name=f"membres-{number}",
    )
    campaign.number = number
    row = (await session.scalars(select(Delivery).where(Delivery.campaign_id == campaign.id))).one()
    row.subscriber_id = first.id
    await session.flush()
    return row.id


async def one_copy(database: Database, now: datetime) -> tuple[int, str]:
    async with database.begin() as session:
        return (await sent(session, now))[0]


async def comes(
    database: Database,
    raw: bytes,
    now: datetime,
    *,
    came_to: str = "",
    rules: BounceRules = USUAL,
) -> Came:
    """Record a mail, as a door does."""
    async with database.begin() as session:
        arrival = read_arrival(raw=raw, came_to=came_to, door="test", tokens=TOKENS)
        (came,) = await session.run_sync(
            partial(handling.record, arrivals=[arrival], rules=rules, now=now)
        )
        return came


async def burst_of(database: Database, now: datetime, count: int, gone: int) -> int:
    """A campaign at one provider of which so many come back as gone; its id."""
    async with database.begin() as session:
        copies = await sent(session, now, count)
        await session.execute(update(Batch).values(provider="orange"))
        campaign_id: int | None = await session.scalar(select(func.max(Campaign.id)))
    for n, (number, email) in enumerate(copies[:gone]):
        await comes(database, bounce_of(number, email), now + timedelta(seconds=n))
    assert campaign_id is not None
    return campaign_id


async def suppressed(database: Database) -> dict[str, SuppressionReason]:
    """Who is suppressed, and why."""
    async with database.reading() as session:
        rows = await session.execute(
            select(Subscriber.email, Suppression.reason).join(
                Suppression, Suppression.address_key == Subscriber.address_key
            )
        )
        return {row.email: row.reason for row in rows}


__all__ = [
    "BLAMED",
    "FULL",
    "GONE",
    "LIKELY",
    "UNTOLD",
    "Campaign",
    "bounce_of",
    "burst_of",
    "comes",
    "complaint_of",
    "copies_of",
    "further_copy",
    "one_copy",
    "return_path",
    "sent",
    "suppressed",
]
