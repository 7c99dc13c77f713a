"""The check-up of chores: which wait for a person, and which nobody does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.engine import workers
from mailer.engine.chore_sources import sources
from pli import chore_list
from pli.checks import Check, warn
from pli.chore_list import DUE, FAILED, HELD, WAITING, Shown
from pli.chore_rows import SCHEDULE
from pli.columns import clock
from pli.language import say, say_n

STALE = timedelta(minutes=5)
_NAMED = 5


async def check(session: AsyncSession) -> list[Check]:
    """What is held, and what is due for long; a schedule is missed only where somebody works."""
    anybody = await workers.anybody_does_chores(session)
    now = (await session.execute(select(clock()))).scalar_one()
    found = await chore_list.listed(session, sources())
    held = [it for it in found if it.status == HELD]
    stale = [
        it
        for it in found
        if it.status in (WAITING, DUE, FAILED)
        and it.due_at is not None
        and it.due_at < now - STALE
        and (anybody or it.row_id != SCHEDULE)
    ]
    checks = []
    if held:
        checks.append(
            warn(
                "queue.held",
                say_n(
                    "{n} chore failed for the last time, and waits for a person: {named}",
                    "{n} chores failed for the last time, and wait for a person: {named}",
                    len(held),
                    named=_named(held),
                ),
                say('"pli queue failed" says why; then "pli queue retry", or "forget"'),
            )
        )
    if stale:
        checks.append(
            warn(
                "queue.stale",
                say_n(
                    "{n} chore has been due for more than {minutes} min: {named}",
                    "{n} chores have been due for more than {minutes} min: {named}",
                    len(stale),
                    minutes=f"{STALE.total_seconds() / 60:.0f}",
                    named=_named(stale),
                ),
                say('start "pli serve", or "pli worker": "pli serve --no-work" sends no mail'),
            )
        )
    return checks


def _named(chores: Sequence[Shown]) -> str:
    names = ", ".join(it.name for it in chores[:_NAMED])
    return names if len(chores) <= _NAMED else f"{names}, …"
