"""Reads manuscripts: one with its text, or the lines of a list; and who has changed one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.draft_models import Draft, DraftMaker, DraftState
from mailer.letter import head
from pli.errors import PliError
from pli.language import N_
from subscribers.models import List

OPEN = (DraftState.WRITING, DraftState.IN_REVIEW)
"""The states in which a manuscript can be changed."""


class DraftError(PliError):
    """A manuscript cannot be what is asked for."""


class DraftGone(DraftError):
    """A manuscript is not there any more, or has never been."""


class DraftLocked(DraftError):
    """A manuscript cannot be changed in the state it is in."""


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A manuscript without its text; `list_title` is its list's."""

    id: int
    list_id: int
    list_name: str
    list_title: str
    state: DraftState
    number: int | None
    title: str
    version: int
    created_at: datetime
    created_by: str
    saved_at: datetime
    saved_by: str

    @property
    def is_open(self) -> bool:
        """Whether it can be changed."""
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class DraftText:
    """A manuscript with its text; `head` and `body` joined are the letter's file."""

    line: DraftLine
    head: str
    body: str

    @property
    def text(self) -> str:
        """The letter's file."""
        return self.head + self.body

    @property
    def front(self) -> dict[str, str]:
        """The values of the fields."""
        return head.values(self.head)


_LINE = (
    Draft.id,
    Draft.list_id,
    List.name.label("list_name"),
    List.title.label("list_title"),
    Draft.state,
    Draft.number,
    Draft.title,
    Draft.version,
    Draft.created_at,
    Draft.created_by,
    Draft.saved_at,
    Draft.saved_by,
)
_LINES: Any = select(*_LINE).join(List, List.id == Draft.list_id)


async def get(session: AsyncSession, draft_id: int) -> DraftText:
    """A manuscript; raises DraftGone."""
    row = (
        await session.execute(
            select(*_LINE, Draft.head, Draft.body)
            .join(List, List.id == Draft.list_id)
            .where(Draft.id == draft_id)
        )
    ).one_or_none()
    if row is None or row.state is DraftState.DELETED:
        raise gone()
    *line, front, body = row
    return DraftText(DraftLine(*line), front, body)


async def line_of(session: AsyncSession, draft_id: int) -> DraftLine:
    """A manuscript without its text; raises DraftGone."""
    row = (await session.execute(_LINES.where(Draft.id == draft_id))).one_or_none()
    if row is None or row.state is DraftState.DELETED:
        raise gone()
    return DraftLine(*row)


async def listed(
    session: AsyncSession, *, list_ids: Collection[int] | None, limit: int = 500
) -> Sequence[DraftLine]:
    """The manuscripts of these lists (None: of all), those changed last first."""
    lines = _LINES.where(Draft.state != DraftState.DELETED)
    if list_ids is not None:
        lines = lines.where(Draft.list_id.in_(list_ids))
    rows = await session.execute(
        lines.order_by(Draft.saved_at.desc(), Draft.id.desc()).limit(limit)
    )
    return [DraftLine(*row) for row in rows]


async def lists_of(session: AsyncSession, draft_id: int) -> Collection[int] | None:
    """The list of a manuscript, also of one that was deleted; None if there never was one."""
    found = await session.scalar(select(Draft.list_id).where(Draft.id == draft_id))
    return None if found is None else (found,)


async def makers(session: AsyncSession, draft_id: int) -> Sequence[str]:
    """Everybody who changed a manuscript, by the texts of `Actor.text`; compare by `is_same`."""
    found = await session.scalars(
        select(DraftMaker.maker)
        .where(DraftMaker.draft_id == draft_id)
        .order_by(DraftMaker.first_at, DraftMaker.maker)
    )
    return found.all()


def gone() -> DraftGone:
    """The refusal of a manuscript that is not there."""
    return DraftGone(N_("this manuscript is not there any more"))
