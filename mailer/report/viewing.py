"""Notes who looked at whom, and tells it: of one person, or of the people in a list or a report.

Whoever shows people calls this first. One event tells of all that were shown together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import Delivery
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction, AuditObject, Page
from subscribers import people
from subscribers.address import Address


async def note_person(
    session: AsyncSession, *, address: Address, how: str, by: Actor, now: datetime
) -> None:
    """Note that one person was looked at; PersonError if there is none. `how`: by which command."""
    person = await people.get(session, address)
    audit.record(
        session,
        by=by,
        action=AuditAction.PERSON_VIEWED,
        kind=AuditObject.PERSON,
        object_id=person.id,
        why=how,
        now=now,
    )


def note_person_seen(
    session: AsyncSession, *, person_id: int, how: str, by: Actor, now: datetime
) -> None:
    """Note that one person was looked at, by number."""
    audit.record(
        session,
        by=by,
        action=AuditAction.PERSON_VIEWED,
        kind=AuditObject.PERSON,
        object_id=person_id,
        why=how,
        now=now,
    )


async def saw_lately(
    session: AsyncSession, *, person_id: int, account_id: int, since: datetime
) -> bool:
    """Whether a look of this account at this person is noted already."""
    page = await audit.events(
        session,
        account_id=account_id,
        action=AuditAction.PERSON_VIEWED,
        kind=AuditObject.PERSON,
        object_id=person_id,
        limit=1,
    )
    return bool(page.events) and page.events[0].at >= since


def note_people(
    session: AsyncSession,
    *,
    count: int,
    how: str,
    campaign_id: int | None = None,
    list_id: int | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Note that `count` people were looked at together: in a campaign's report, or found."""
    if count:
        audit.record(
            session,
            by=by,
            action=AuditAction.PEOPLE_VIEWED,
            kind=AuditObject.PERSON if campaign_id is None else AuditObject.CAMPAIGN,
            object_id=campaign_id,
            list_id=list_id,
            count=count,
            why=how,
            now=now,
        )


async def of_person(
    session: AsyncSession,
    *,
    address: Address,
    account_id: int | None = None,
    since: datetime | None = None,
    limit: int = 50,
) -> Page:
    """What was done to a person, and who looked, also in reports on campaigns with that person.

    A report that showed some copies only may not have shown this person's. Raises PersonError.
    """
    person = await people.get(session, address)
    campaigns: Sequence[int] = (
        await session.scalars(
            select(Delivery.campaign_id).where(Delivery.subscriber_id == person.id).distinct()
        )
    ).all()
    return await audit.events(
        session,
        account_id=account_id,
        objects={AuditObject.PERSON: [person.id], AuditObject.CAMPAIGN: campaigns},
        since=since,
        limit=limit,
    )
