"""Which chores are due: one statement over the table of chores and the rows of all sources."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Select,
    exists,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from pli.chore_rows import Source, is_free
from pli.columns import clock
from pli.tables import Chore, ChoreState

LOOKED_AT = 64
"""So many chores of one kind are found at a time."""
_WAITS: ColumnElement[bool] = literal_column("chore.state = 'waiting'")
"""Written as in `ix_chore_due`: with a parameter, SQLite would not use the index."""


async def due(
    session: AsyncSession,
    *,
    offered: Collection[str],
    sources: Mapping[str, Source],
    unless: Callable[[ColumnElement[str], ColumnElement[int]], ColumnElement[bool]] | None = None,
) -> Sequence[tuple[str, int]]:
    """Kind and row id of each chore that is due and that nobody does.

    `offered`: the kinds whose chores stand in the table; `sources`: those whose own rows tell.
    `unless` is a condition over kind and row id, by which some are left out.
    """
    parts = [_of_source(kind, source) for kind, source in sources.items()]
    if offered:
        parts.append(_of_table(offered))
    if not parts:
        return []
    found = union_all(*(select(it.subquery()) for it in parts)).subquery("found")
    wanted = select(found.c.kind, found.c.row_id)
    if unless is not None:
        wanted = wanted.where(~unless(found.c.kind, found.c.row_id))
    rows = await session.execute(wanted)
    return [(row.kind, row.row_id) for row in rows]


def _of_table(kinds: Collection[str]) -> Select[str, int]:
    return (
        select(Chore.kind.label("kind"), Chore.row_id.label("row_id"))
        .where(_WAITS, Chore.due_at <= clock(), Chore.kind.in_(sorted(kinds)), is_free())
        .order_by(Chore.due_at)
        .limit(LOOKED_AT)
    )


def _of_source(kind: str, source: Source) -> Select[str, int]:
    rows = source().subquery()
    row_id = rows.c[0]
    put_off = exists().where(
        Chore.kind == kind,
        Chore.row_id == row_id,
        or_(Chore.state != ChoreState.WAITING, Chore.due_at > clock()),
    )
    return (
        select(literal(kind).label("kind"), row_id.label("row_id")).where(~put_off).limit(LOOKED_AT)
    )
