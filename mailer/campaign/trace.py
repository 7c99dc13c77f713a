"""Writes who did what to a campaign into the audit, in the same transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from pli import audit
from pli.actor import NOBODY, Actor
from pli.audit import AuditAction, AuditObject


def record(
    session: AsyncSession,
    action: AuditAction,
    campaign_id: int,
    *,
    by: Actor,
    count: int | None = None,
    why: str = "",
    now: datetime | None = None,
) -> None:
    """Add an event about a campaign; none for what the program does by itself (nobody).

    `why` is the reason in the words of whoever did it.
    """
    if by != NOBODY:
        audit.record(
            session,
            by=by,
            action=action,
            kind=AuditObject.CAMPAIGN,
            object_id=campaign_id,
            count=count,
            why=why,
            now=now,
        )
