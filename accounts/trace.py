"""Writes what happened to an account into the audit, in the same transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction, AuditObject


def of_account(
    session: AsyncSession,
    action: AuditAction,
    account_id: int | None,
    *,
    by: Actor,
    list_id: int | None = None,
    count: int | None = None,
    why: str = "",
    now: datetime,
) -> None:
    """Add an event about an account, or about none if it is a stranger's."""
    audit.record(
        session,
        by=by,
        action=action,
        kind=AuditObject.ACCOUNT,
        object_id=account_id,
        list_id=list_id,
        count=count,
        why=why,
        now=now,
    )
