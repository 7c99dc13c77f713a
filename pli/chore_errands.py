"""What a person may do with a chore: let it be tried again now, or have it forgotten."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pli import chore_offers, chore_rows
from pli.chore_rows import SCHEDULE
from pli.columns import SQLITE
from pli.errors import PliError
from pli.language import N_
from pli.queue_names import CHORES

_NAME = re.compile(r"([a-z][a-z0-9_]{0,15}):(\d{1,18})", re.ASCII)


class ChoreError(PliError):
    """No chore has this name, or it cannot be done to this one what a person asks for."""


@dataclass(frozen=True, slots=True)
class ChoreName:
    """A chore as a person names it: its kind and its row, "notice:12"."""

    kind: str
    row_id: int

    @classmethod
    def parse(cls, raw: str) -> Self:
        """Raises ChoreError."""
        found = _NAME.fullmatch(raw.strip())
        if found is None:
            raise ChoreError(
                N_('{name}: no name of a chore: "pli queue list" shows them, such as notice:12'),
                name=raw,
            )
        return cls(found[1], int(found[2]))

    def __str__(self) -> str:
        return f"{self.kind}:{self.row_id}"


async def retry(session: AsyncSession, chore: ChoreName) -> None:
    """Try a chore now that waits for its hour, for its next try, or for a person.

    Raises ChoreError if it does not wait.
    """
    if not await chore_rows.hurry(session, chore.kind, chore.row_id):
        raise _unknown(chore)
    await _end_job(session, chore)
    await chore_offers.hint(session, chore.kind, chore.row_id)


async def forget(session: AsyncSession, chore: ChoreName) -> None:
    """Let a chore never be done, though its row may say that it is due.

    Raises ChoreError if it does not wait, or if it is a schedule.
    """
    if chore.row_id == SCHEDULE:
        raise ChoreError(
            N_("{name}: it comes again in any case, and cannot be forgotten"),
            name=str(chore),
        )
    if not await chore_rows.forget(session, chore.kind, chore.row_id):
        raise _unknown(chore)
    await _end_job(session, chore)


def _unknown(chore: ChoreName) -> ChoreError:
    return ChoreError(
        N_('{name}: no such chore waits, or has failed: "pli queue list" shows them'),
        name=str(chore),
    )


async def _end_job(session: AsyncSession, chore: ChoreName) -> None:
    """Remove the job that PgQueuer holds back: a key does not pull it forward."""
    if session.get_bind().dialect.name == SQLITE:
        return
    await session.execute(text(_END_JOB.replace("{table}", CHORES.table)), {"key": str(chore)})


_END_JOB = "DELETE FROM {table} WHERE dedupe_key = :key AND status <> 'picked'"
