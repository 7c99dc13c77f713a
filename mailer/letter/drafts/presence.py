"""Who has a manuscript open: each page says so every 20 seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.draft_models import DraftPresence
from pli.upsert import insert_into

GONE_AFTER = timedelta(seconds=65)
"""Who said nothing for three times 20 seconds is not there any more."""


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who has a manuscript open, since when."""

    account_id: int
    name: str
    since: datetime


async def look_in(
    session: AsyncSession, *, draft_id: int, account_id: int, name: str, now: datetime
) -> None:
    """Say that somebody has a manuscript open; two pages of one person are one."""
    insert = insert_into(session, DraftPresence).values(
        draft_id=draft_id, account_id=account_id, name=name, since=now, seen_at=now
    )
    away = DraftPresence.seen_at < now - GONE_AFTER
    await session.execute(
        insert.on_conflict_do_update(
            index_elements=(DraftPresence.draft_id, DraftPresence.account_id),
            set_={
                "name": name,
                "since": case((away, now), else_=DraftPresence.since),
                "seen_at": now,
            },
        )
    )


async def leave(session: AsyncSession, *, draft_id: int, account_id: int) -> None:
    """Say that somebody has closed a manuscript."""
    await session.execute(
        delete(DraftPresence).where(
            DraftPresence.draft_id == draft_id, DraftPresence.account_id == account_id
        )
    )


async def present(
    session: AsyncSession, draft_id: int, *, but: int | None = None, now: datetime
) -> Sequence[Present]:
    """Who has a manuscript open, the first first; `but` is the account that asks."""
    return (await of_all(session, [draft_id], but=but, now=now)).get(draft_id, [])


async def of_all(
    session: AsyncSession, draft_ids: Sequence[int], *, but: int | None = None, now: datetime
) -> dict[int, list[Present]]:
    """Who has which of these manuscripts open."""
    rows = await session.execute(
        select(
            DraftPresence.draft_id,
            DraftPresence.account_id,
            DraftPresence.name,
            DraftPresence.since,
        )
        .where(
            DraftPresence.draft_id.in_(draft_ids),
            DraftPresence.seen_at > now - GONE_AFTER,
            DraftPresence.account_id != (but or 0),
        )
        .order_by(DraftPresence.since, DraftPresence.account_id)
    )
    found: dict[int, list[Present]] = {}
    for draft_id, account_id, name, since in rows:
        found.setdefault(draft_id, []).append(Present(account_id, name, since))
    return found
