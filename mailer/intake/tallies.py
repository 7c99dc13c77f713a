"""Counts what came in, by its door and by what it was; the counts outlive the mails."""

from __future__ import annotations

import enum
from datetime import datetime
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from mailer.intake_models import IntakeTally
from pli.upsert import insert_into


class Sort(enum.StrEnum):
    """What came in, where it is none of the kinds of what came back (mailer/bounces/report.py)."""

    LEFT = "left"
    STOP = "stop"
    """A wish to leave that nobody proved to be its sender's: staff decide."""
    REPLY = "reply"
    FORWARDED = "forwarded"
    PROBE = "probe"
    NOISE = "noise"
    """Dropped: too many came to one token within an hour."""
    TRACKING = "tracking"
    """Dropped: a relay tells who opened a letter or followed a link, which nobody asked for."""
    UNREADABLE = "unreadable"
    """A mailbox does not give it out: somebody has to look at it there."""
    SUBSCRIBED = "subscribed"
    """A topic's subscription was confirmed: events of a relay can come."""
    FAULT = "fault"
    """It could not be worked: a fault of ours, kept until somebody looks."""


async def count(
    session: AsyncSession, *, door: str, kind: str, mails: int = 1, at: datetime
) -> None:
    """Count mails of one kind that came in by one door."""
    await session.run_sync(partial(add, door=door, kind=kind, mails=mails, at=at))


def add(
    session: Session,
    *,
    door: str,
    kind: str,
    mails: int = 1,
    seconds: float = 0.0,
    at: datetime,
) -> None:
    """The same, with the `seconds` from their arrivals to their record, all together."""
    row = insert_into(session, IntakeTally).values(
        door=door, kind=kind, mails=mails, seconds=seconds, latest_at=at
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=["door", "kind"],
            set_={
                "mails": IntakeTally.mails + mails,
                "seconds": IntakeTally.seconds + seconds,
                "latest_at": at,
            },
        )
    )


async def anything(session: AsyncSession) -> bool:
    """Whether any door ever brought anything that says that answers arrive."""
    silent = (Sort.NOISE, Sort.TRACKING, Sort.UNREADABLE, Sort.SUBSCRIBED)
    found = select(func.count()).select_from(IntakeTally).where(IntakeTally.kind.not_in(silent))
    return bool(await session.scalar(found))
