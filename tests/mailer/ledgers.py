"""Campaigns with copies in every state, made by the tables alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import (
    Attempt,
    Audience,
    Batch,
    Campaign,
    CampaignList,
    CampaignState,
    Delivery,
    Stage,
    Status,
)
from mailer.providers import OTHER
from tests.subscribers.people import a_list, a_person

MAILBOX_FULL = (552, "5.2.2", "5.2.2 Mailbox full")
UNKNOWN_USER = (550, "5.1.1", "5.1.1 No such user here")
LATER = (451, "4.7.1", "4.7.1 Greylisted, come back later")
FINE = (250, "2.0.0", "2.0.0 Ok: queued")


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy to make: its end, why, and the replies it met."""

    status: Status
    reason: str | None = None
    replies: tuple[tuple[int, str, str], ...] = ()


ONE_OF_EACH = (
    Copy(Status.EXCLUDED, "left"),
    Copy(Status.EXCLUDED, "left"),
    Copy(Status.EXCLUDED, "suppressed"),
    Copy(Status.PENDING, None, (LATER,)),
    Copy(Status.SENDING),
    Copy(Status.SENT, None, (FINE,)),
    Copy(Status.SENT, None, (LATER, FINE)),
    Copy(Status.FAILED, "unknown_user", (UNKNOWN_USER,)),
    Copy(Status.FAILED, "mailbox_full", (LATER, MAILBOX_FULL)),
    Copy(Status.SKIPPED, "left", (LATER,)),
    Copy(Status.UNCERTAIN),
)


async def a_campaign(
    session: AsyncSession,
    now: datetime,
    copies: tuple[Copy, ...] = ONE_OF_EACH,
    *,
    number: int = 294,
    state: CampaignState = CampaignState.RUNNING,
    list_name: str = "membres",
    list_id: int | None = None,
    frozen: str = "{}",
    emails: str = "membre{n}@example.org",
    batch_size: int = 3,
) -> int:
    """A campaign with these copies and batches that count them rightly; its id."""
    list_id = list_id or await a_list(session, list_name, now)
    excluded = Counter(it.reason for it in copies if it.status is Status.EXCLUDED)
    campaign = Campaign(
        number=number,
        title="Après le comité",
        subject="Lettre n° 294",
        language="fr",
        state=state,
        audience=Audience.FIRST,
        frozen=frozen,
        letter_hash="h",
        frozen_hash="f",
        token_key="aa",
        retry_delays=[300],
        excluded=dict(excluded),
        created_at=now,
        prepared_at=now,
        started_at=now,
        finished_at=now if state is CampaignState.FINISHED else None,
    )
    session.add(campaign)
    await session.flush()
    session.add(CampaignList(campaign_id=campaign.id, list_id=list_id, position=0))
    batches: dict[int, Counter[str]] = {}
    prepared = 0
    for n, copy in enumerate(copies):
        batch = None
        if copy.status is not Status.EXCLUDED:
            batch = prepared // batch_size + 1
            batches.setdefault(batch, Counter())[copy.status.value] += 1
            prepared += 1
        person = await a_person(session, emails.format(n=f"{campaign.id}.{n}"), now)
        row = Delivery(
            campaign_id=campaign.id,
            subscriber_id=person,
            list_id=list_id,
            batch=batch,
            status=copy.status,
            reason=copy.reason,
            attempts=len(copy.replies),
            next_attempt_at=now if batch else None,
        )
        session.add(row)
        await session.flush()
        session.add_all(
            Attempt(
                delivery_id=row.id,
                number=number,
                at=now + timedelta(minutes=number),
                relay="relay.example.org",
                outcome="sent" if code == 250 else "deferred" if code < 500 else "failed",
                stage=Stage.BODY if code == 250 else Stage.RCPT,
                reply_code=code,
                enhanced_code=enhanced,
                reply_text=text,
                milliseconds=5,
            )
            for number, (code, enhanced, text) in enumerate(copy.replies, 1)
        )
    session.add_all(
        Batch(
            campaign_id=campaign.id,
            number=number,
            list_id=list_id,
            provider=OTHER,
            due_at=now,
            **counts,
        )
        for number, counts in batches.items()
    )
    await session.flush()
    return campaign.id
